/* fault.h - which request goes wrong, and how.
 *
 * A fault is one line:  KIND[=ARGUMENT][,CONDITION...]
 *
 *     status=N          answer N (with retry-after=SECONDS or retry-after=date:SECONDS)
 *     reset[=BYTES]     reset the connection after so many bytes of the body
 *     truncate[=BYTES]  close it there, Content-Length says more
 *     close             close it without an answer
 *     hang[=BYTES]      say nothing (more) until the client hangs up
 *     drip=MS           the body in 20 pieces, so many milliseconds apart
 *     chunked           no Content-Length
 *     gzip-cut          a gzip body without its end
 *     gzip-lie          a plain body that says it is gzip
 *     gzip-mute         a gzip body that does not say so
 *     long=BYTES        so many blanks, with a Content-Length
 *     endless           blanks without end
 *     bomb=BYTES        the same as gzip, a thousandth of that on the wire
 *     json-cut          a body that ends in the middle of a record
 *     html              200 with a page of HTML
 *     text=...          200 with this body (to the end of the line)
 *     wrong-types       records whose fields have other types
 *     repeat-cursor     the next cursor is the one that was sent
 *     empty             no records, and a next cursor
 *     huge=BYTES        one record with a field of so many bytes
 *     duplicates        every record twice
 *     redirect=BASE     302 to BASE + what stands behind /v1
 *     stale             410 for a request with a cursor
 *
 * Conditions, all of which must hold: nth=N (only the N-th request that this fault looks at), every=N, after=N
 * (those behind the N-th), times=N (no more than so often), path=TEXT (a part of the path), cursor (only
 * requests with a cursor).  The first fault that fits is taken.
 *
 * A storm hits so many percent of all requests with faults that a client should survive by trying again,
 * never more than two in a row. */
#ifndef FAKE_FAULT_H
#define FAKE_FAULT_H
#include <pthread.h>
#include <stdint.h>

enum fault_kind {
	FAULT_NONE,
	FAULT_STATUS,
	FAULT_RESET,
	FAULT_TRUNCATE,
	FAULT_CLOSE,
	FAULT_HANG,
	FAULT_DRIP,
	FAULT_CHUNKED,
	FAULT_GZIP_CUT,
	FAULT_GZIP_LIE,
	FAULT_GZIP_MUTE,
	FAULT_LONG,
	FAULT_ENDLESS,
	FAULT_BOMB,
	FAULT_JSON_CUT,
	FAULT_HTML,
	FAULT_TEXT,
	FAULT_WRONG_TYPES,
	FAULT_REPEAT_CURSOR,
	FAULT_EMPTY,
	FAULT_HUGE,
	FAULT_DUPLICATES,
	FAULT_REDIRECT,
	FAULT_STALE
};

struct fault {
	enum fault_kind kind;
	char *text; /* the argument, or NULL */
	long number;
	long retry_after; /* seconds, -1: none */
	int retry_as_date;
	/* conditions; 0 or NULL: none */
	long nth, every, after, times;
	char *path;
	int with_cursor;
	long seen, fired;
};

struct fault_plan {
	pthread_mutex_t lock;
	struct fault *faults;
	int count;
	unsigned storm_percent;
	uint64_t storm_random;
	int storm_in_a_row;
};

void fault_plan_init(struct fault_plan *p, unsigned storm_percent, uint64_t seed);
void fault_plan_fini(struct fault_plan *p);
/* Adds a line; 0, or -1 with a sentence in why[128]. */
int fault_plan_add(struct fault_plan *p, const char *line, char why[128]);
void fault_plan_clear(struct fault_plan *p);
/* What happens to this request: a copy, whose texts live until the next clear. */
struct fault fault_plan_pick(struct fault_plan *p, const char *path, int has_cursor);
const char *fault_name(enum fault_kind kind);
#endif
