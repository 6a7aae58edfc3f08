/* sqlite_verify.h - what the two halves of --verify share; nobody else includes it.
 *
 *   sqlite_verify.c       what the run gives: sums, or the last version per key
 *   sqlite_verify_read.c  what the table holds, and whether it is the same */
#ifndef ABHOST_SQLITE_VERIFY_H
#define ABHOST_SQLITE_VERIFY_H
#include "dest/sqlite.h"
#include "dest/verify.h"

struct sqlite_verify {
	struct verify_row row;
	struct verify_sum given, committed; /* rows that are only added */
	int64_t base, committed_base;	    /* the greatest rowid before this run */
	int has_base;
	int64_t since_us; /* when the first page came; 0: none has */
	sqlite3 *keys;	  /* of append_dedup: seen(key, cursor, gone, whole, hashes) */
	sqlite3_stmt *fold;
	struct buf key, hashes;
};

/* What the private database says. */
ab_status sqlite_verify_fail(const struct sqlite_verify *v, struct error *e);
/* Sums the table's rows that this run added and for which `condition` (NULL: all) holds. */
ab_status sqlite_verify_sum(struct sqlite_stream *s, const char *condition, struct verify_sum *sum,
    int sign, struct error *e);
#endif
