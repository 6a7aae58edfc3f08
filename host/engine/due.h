/* due.h - how much is written before it is committed.  Pure.
 *
 * A commit writes each page of the destination's tree that has changed, and where rows are replaced nearly all of a table's
 * may have.  So an upserting run that is fast writes more before it commits; one that is slow, or whose table is large,
 * does not: whoever reads the table meanwhile may have to wait for the commit. */
#ifndef ABHOST_DUE_H
#define ABHOST_DUE_H
#include <stdint.h>

#ifndef DUE_RECORDS /* tests/kill builds with few, so that a short run has many checkpoints */
#define DUE_RECORDS 100000
#define DUE_TIMES   4 /* as many, and as many bytes, of an upserting run */
#endif
#define DUE_BYTES  (64 << 20)
#define DUE_US	   10000000
#define DUE_UPSERT 2000000 /* microseconds, after which it is as any other */

/* Whether so many records and bytes, written in so many microseconds, are to be committed. */
int due_is(int upserts, int64_t records, int64_t bytes, int64_t us);
#endif
