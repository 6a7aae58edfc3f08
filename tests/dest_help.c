/* dest_help.c - see dest_help.h. */
#define _GNU_SOURCE /* nftw */
#include "dest_help.h"

#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

static char folder[64], before[4096];

void
scratch_begin(void)
{
	ck_assert_ptr_nonnull(getcwd(before, sizeof(before)));
	snprintf(folder, sizeof(folder), "/tmp/abhost-dest-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

void
scratch_end(void)
{
	ck_assert_int_eq(chdir(before), 0);
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

struct dest *
open_dest(const char *to)
{
	struct dest *d = NULL;
	struct dest_run run = {.connector = "test",
	    .version = "1",
	    .started_us = 1700000000000000,
	    .outcome = "running"};

	ck_ok(dest_open(to, "test", NULL, 0, &d, e));
	ck_ok(d->ops->run_begin(d, &run, e));
	return d;
}

struct dest_stream *
begin_stream(struct dest *d, const struct dest_stream_spec *spec)
{
	struct dest_stream *s = NULL;

	ck_ok(d->ops->begin(d, spec, &s, e));
	return s;
}

ab_status
write_text(struct dest *d, struct dest_stream *s, const char *records, const char *about,
    int64_t extracted_us, struct error *why)
{
	size_t len = strlen(records);
	char *bytes = calloc(1, len + SCAN_PADDING);
	struct scan scan;
	ab_status rc;

	ck_assert_ptr_nonnull(bytes);
	memcpy(bytes, records, len);
	scan_init(&scan);
	ck_ok(scan_page(&scan, bytes, len, e));
	rc = d->ops->write(s,
	    &(struct dest_page){
		.bytes = bytes, .scan = &scan, .about = about, .extracted_us = extracted_us},
	    why);
	/* whatever the destination kept must be its own */
	memset(bytes, 'x', len);
	scan_fini(&scan);
	free(bytes);
	return rc;
}

void
put(struct dest *d, struct dest_stream *s, const char *records)
{
	static int64_t us = 1700000000000000;

	ck_ok(write_text(d, s, records, NULL, us += 100, e));
}

void
commit(struct dest *d)
{
	ck_ok(d->ops->commit(d, NULL, 0, NULL, e));
}

static void
add_cell(struct buf *out, sqlite3_stmt *stmt, int col)
{
	const char *bytes;

	switch (sqlite3_column_type(stmt, col)) {
	case SQLITE_INTEGER:
		buf_addf(out, "%lld", sqlite3_column_int64(stmt, col));
		break;
	case SQLITE_FLOAT:
		buf_addf(out, "%.17g", sqlite3_column_double(stmt, col));
		break;
	case SQLITE_NULL:
		buf_adds(out, "NULL");
		break;
	default:
		bytes = (const char *)sqlite3_column_text(stmt, col);
		buf_addc(out, '\'');
		for (int i = 0; i < sqlite3_column_bytes(stmt, col); i++)
			bytes[i] == '\0' ? buf_adds(out, "<NUL>") : buf_addc(out, bytes[i]);
		buf_addc(out, '\'');
	}
}

const char *
rows(const char *file, const char *sql)
{
	static struct buf out;
	sqlite3 *db;
	sqlite3_stmt *stmt;
	int rc;

	buf_fini(&out);
	buf_init(&out, 1 << 20);
	ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK, "%s: %s", sql,
	    sqlite3_errmsg(db));
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		buf_adds(&out, out.len > 0 ? "|" : "");
		for (int i = 0; i < sqlite3_column_count(stmt); i++) {
			buf_adds(&out, i > 0 ? "," : "");
			add_cell(&out, stmt, i);
		}
	}
	ck_assert_msg(rc == SQLITE_DONE, "%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return buf_str(&out);
}
