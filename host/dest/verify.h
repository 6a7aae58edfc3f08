/* verify.h - checksums of what a run wrote, by column: for --verify, and shared by destinations that can be read back.
 *
 * A value's hash does not depend on the type of the column that holds it: 5 is the same as a number, in a column that
 * became TEXT, and after that column was written anew.  So texts that read as JSON numbers hash as these numbers: "1.50"
 * and "1.5" are not told apart.  A row's hash is made of its columns' hashes and names; NULL adds nothing, so that a
 * column that comes later changes no row before it.  Sums of hashes do not depend on the order of rows.
 *
 * The emitted side is computed from the scanner's fields and the keys' own names, not from what the writer made of
 * them: a prediction, a batch or a conversion that goes wrong shows.  Only what a contract leaves out is asked of the
 * fit.  Not thread-safe. */
#ifndef ABHOST_VERIFY_H
#define ABHOST_VERIFY_H
#include <stdint.h>

#include "base/buf.h"
#include "dest/shape.h"

/* The columns of one row, by their number in the shape; 0: NULL. */
struct verify_row {
	uint64_t *hashes;
	uint32_t ncols, cap;
	const uint32_t *columns; /* private: of the last record that has its own */
	struct scan rest;
	struct buf text;
};

/* Any number of rows. */
struct verify_sum {
	int64_t rows;
	uint64_t whole; /* of the rows' own hashes: which values stood together */
	uint64_t *columns;
	uint32_t ncols, cap;
};

void verify_row_init(struct verify_row *r);
void verify_row_fini(struct verify_row *r);
/* Room for the shape's columns, all NULL; -1: no memory. */
int verify_row_begin(struct verify_row *r, const struct shape *s);
/* The hashes of one value, as a destination gives it back. */
uint64_t verify_text(const char *text, size_t len);
uint64_t verify_int(int64_t v);
uint64_t verify_real(double v);
uint64_t verify_bool(int v);
/* Of a scanned value; -1: no memory. */
int verify_field(struct buf *scratch, const struct scan_field *f, const char *bytes, uint64_t *out);
/* Of the JSON object in a SHAPE_REST column; -1: it is none, or no memory. */
int verify_rest(struct verify_row *r, const char *text, size_t len, uint64_t *out);
/* Record i of a page as it should be stored; records in order, from fit->first on.  received_us: when it came here; stamp:
 * the same as text.  -1: no memory. */
int verify_record(struct verify_row *r, const struct shape *s, const struct shape_fit *fit,
    size_t i, int64_t received_us, const char *stamp, int64_t generation_id);
/* The hash of the whole row. */
uint64_t verify_row_hash(const struct verify_row *r, const struct shape *s);

void verify_sum_init(struct verify_sum *sum);
void verify_sum_fini(struct verify_sum *sum);
/* sign 1 or -1; -1: no memory. */
int
verify_sum_add(struct verify_sum *sum, const struct verify_row *r, const struct shape *s, int sign);
int verify_sum_copy(struct verify_sum *to, const struct verify_sum *from);
void verify_sum_clear(struct verify_sum *sum);
/* NULL: the same; else the name of the first column that differs, or "" where only rows are mixed up. */
const char *
verify_sum_differs(const struct verify_sum *a, const struct verify_sum *b, const struct shape *s);
#endif
