/* lines.h - messages of Airbyte's protocol: bytes in, one checked line after another out.
 *
 * Every line that is said to be a message is validated whole (structure, numbers, escapes, UTF-8, depth) in one pass that
 * notes where its payload stands, and for a RECORD where its data stand.  Nothing is copied, decoded or printed: spans
 * point into the buffer, until the next lines_room, lines_next or lines_fini.  What is no message is TEXT; what begins like one and
 * is not whole is BROKEN, so that no record is lost in silence.  Memory: the longest line, and a window.
 * Knows no process and no descriptor; not thread-safe. */
#ifndef ABHOST_LINES_H
#define ABHOST_LINES_H
#include "base/buf.h"
#include "base/error.h"

#define LINES_MAX_LINE ((size_t)64 << 20) /* unless somebody says otherwise */

enum line_type {
	LINE_NONE,   /* no whole line is there: feed more, or, behind lines_end, it is the end */
	LINE_RECORD, /* stream, space, data, emitted_ms, meta */
	LINE_STATE,
	LINE_LOG,
	LINE_TRACE,
	LINE_CONTROL,
	LINE_SPEC,
	LINE_STATUS, /* CONNECTION_STATUS */
	LINE_CATALOG,
	LINE_OTHER, /* a message of a type that is not known here: type_name */
	LINE_TEXT,  /* prose, or JSON without a "type" */
	LINE_BROKEN /* error says why: too long, cut off, not JSON, a message without what it must have */
};

struct line {
	enum line_type type;
	uint64_t number;    /* from 1; blank lines count and are passed over */
	struct ab_str text; /* the line without its end; of one that is too long its beginning */
	struct ab_str
	    payload; /* the object that the type asks for: {...} of "record", "state", ... */
	struct ab_str type_name;
	/* of a RECORD */
	struct ab_str stream, space; /* unescaped; space: "" where there is no namespace */
	struct ab_str data;	     /* {...} */
	struct ab_str meta;	     /* {...}, or empty */
	int64_t emitted_ms;	     /* below 0: it has none that makes sense */
	struct error error;	     /* BROKEN; "line 7: ..." */
};

struct lines {
	/* private */
	char *bytes;
	size_t cap, from, to; /* what is not yet given out: bytes[from, to) */
	size_t seen;	      /* bytes[from, seen) hold no end of a line */
	size_t max_line;
	char put_back; /* the byte that a zero stands for, at put_at */
	size_t put_at;
	uint64_t number;
	int is_ended, is_skipping; /* the rest of a line that is too long */
	struct buf stream, space;  /* unescaped */
};

void lines_init(struct lines *l, size_t max_line);
void lines_fini(struct lines *l);
/* Where the next bytes go, at least *room of them (never 0). NULL: no memory.  Call it only when lines_next gave LINE_NONE. */
char *lines_room(struct lines *l, size_t *room);
void lines_fed(struct lines *l, size_t n);
/* No more bytes will come: what is left is a line without an end. */
void lines_end(struct lines *l);
void lines_next(struct lines *l, struct line *out);

/* Spans inside of a checked line.  An absent key, and anything asked of what is no container, is an empty span. */
/* The last member of that key (compared as it stands). */
struct ab_str line_get(struct ab_str object, const char *key);
/* One element after another: *at is 0 at first; 0: there are no more. */
int line_each(struct ab_str array, size_t *at, struct ab_str *out);
/* The value of a string, appended to out, or nothing where it is none. -1: no memory. */
int line_string(struct ab_str value, struct buf *out);
int line_is(struct ab_str value, const char *string);
/* A number, be it written 12 or 12.0, rounded down; `otherwise` where it is none that fits. */
int64_t line_int(struct ab_str value, int64_t otherwise);
#endif
