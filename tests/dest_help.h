/* dest_help.h - pages from text, destinations in a scratch folder, tables as text. */
#ifndef TESTS_DEST_HELP_H
#define TESTS_DEST_HELP_H
#include "suite.h"

#include "dest/dest.h"

/* A scratch folder, made and removed with all that is in it; the current directory while it is there. */
void scratch_begin(void);
void scratch_end(void);

#define ck_ok(call) \
	do { \
		struct error err_ = ERROR_INIT; \
		struct error *e = &err_; \
		ab_status rc_ = (call); \
		ck_assert_msg(rc_ == AB_OK && err_.status == AB_OK, "%s: %s", #call, err_.text); \
	} while (0)

/* The call must fail with this status, and its sentence must hold this text. */
#define ck_fails(call, want, has) \
	do { \
		struct error err_ = ERROR_INIT; \
		struct error *e = &err_; \
		ab_status rc_ = (call); \
		ck_assert_msg( \
		    rc_ == (want) && err_.status == (want), "%s: %d %s", #call, rc_, err_.text); \
		ck_assert_msg(strstr(err_.text, has) != NULL, "no \"%s\" in: %s", has, err_.text); \
	} while (0)

struct dest *open_dest(const char *to);
struct dest_stream *begin_stream(struct dest *d, const struct dest_stream_spec *spec);
/* Writes records (JSON values one behind the other) as one page; about may be NULL. */
ab_status write_text(struct dest *d, struct dest_stream *s, const char *records, const char *about,
    int64_t extracted_us, struct error *e);
void put(struct dest *d, struct dest_stream *s, const char *records);
void commit(struct dest *d);

/* What a query yields: cells in SQL's quoting, "," between them, "|" between rows; until the next call. */
const char *rows(const char *file, const char *sql);
#define ck_rows(file, sql, want) ck_assert_str_eq(rows(file, sql), want)
#endif
