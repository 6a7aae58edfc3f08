/* decode.h - what a body was packed with, undone: gzip (of several members too), deflate (zlib or raw), zstd.
 *
 * Takes bytes as they come and writes no further than its target's max, so that nothing that is small on the wire grows
 * large in memory.  A gzip or zstd body that is there as a whole and says its size is undone in one step, which is two to
 * three times as fast.  Memory is kept from body to body.  One thread. */
#ifndef ABHOST_DECODE_H
#define ABHOST_DECODE_H
#include "net/body.h"

enum decode_kind { DECODE_PLAIN, DECODE_GZIP, DECODE_DEFLATE, DECODE_ZSTD };

enum decode_result {
	DECODE_OK,	/* all that came is taken; from decode_end: and it was complete */
	DECODE_FULL,	/* the target has reached its max, and bytes are left */
	DECODE_CUT,	/* it ends too early */
	DECODE_DAMAGED, /* decode.why says how */
	DECODE_NO_MEMORY
};

struct decode_engines; /* of the libraries, made when first needed */
struct decode {
	enum decode_kind kind;
	int begun;	/* the kind's engine is set up for this body */
	int is_inside;	/* a member or frame has begun and not ended */
	int has_more;	/* the target was full: more may come out of what was taken already */
	int is_padding; /* only zeroes may follow */
	int has_first;	/* of deflate: two bytes tell zlib from raw */
	char first;
	const char *why;
	struct decode_engines *engines;
};

/* The kind that a Content-Encoding names (NULL: plain); -1: none that is read here. */
int decode_kind_of(const char *content_encoding);
/* The kind that a body's first bytes show, whatever its headers say: JSON begins like none of them. */
enum decode_kind decode_sniff(const char *bytes, size_t n);
const char *decode_name(enum decode_kind kind);

/* All zero is a good one, too. */
void decode_fini(struct decode *d);
void decode_begin(struct decode *d, enum decode_kind kind);
/* Undoes *n bytes at *bytes (none: what has_more tells of), and moves both on. Not for DECODE_PLAIN. */
enum decode_result decode_push(struct decode *d, const char **bytes, size_t *n, struct body *out);
/* No more bytes come. */
enum decode_result decode_end(const struct decode *d);
/* A whole body at once, into an empty target: decode_begin, push and end in one. */
enum decode_result decode_whole(
    struct decode *d, enum decode_kind kind, const char *bytes, size_t n, struct body *out);
#endif
