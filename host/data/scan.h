/* scan.h - one pass over a page of records: validates everything, builds nothing but a table.
 *
 * A page is a sequence of JSON values (RFC 8259), white space between them; each value is an
 * object (one record) or an array of objects (so many records).  scan_page checks structure,
 * literals, numbers, escapes, control characters and UTF-8 of every byte, and leaves per record
 * its byte span and one 16-byte entry per top-level field.  Nested values are validated and kept
 * as spans.  Nothing is copied, decoded or printed: offsets point into the caller's bytes.
 *
 * The previous record's keys predict the next one's; a wrong prediction only costs time.
 * Reuse one struct scan for ever: its tables keep their memory.  Not thread-safe. */
#ifndef ABHOST_SCAN_H
#define ABHOST_SCAN_H
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SCAN_PADDING	64 /* readable zero bytes that must stand behind the page */
#define SCAN_MAX_BYTES	((size_t)UINT32_MAX - SCAN_PADDING)
#define SCAN_MAX_DEPTH	512
#define SCAN_MAX_KEY	65535
#define SCAN_MAX_FIELDS 65535 /* top-level fields of one record */

enum scan_type {
	SCAN_NULL,
	SCAN_FALSE,
	SCAN_TRUE,
	SCAN_INT,
	SCAN_REAL,
	SCAN_STRING,
	SCAN_ARRAY,
	SCAN_OBJECT
};

enum {
	SCAN_KEY_ESCAPED = 1, /* the key holds a backslash: compare it unescaped */
	SCAN_ESCAPED = 2,     /* the string value holds a backslash */
	SCAN_SAME_KEY = 4 /* the same key bytes as the previous record's field of this position */
};

struct scan_field {
	uint32_t key, val,
	    vlen;      /* offsets from the page's start; a string's span is without its quotes */
	uint16_t klen; /* without quotes */
	uint8_t type, flags; /* enum scan_type; SCAN_* flags */
};

struct scan_record {
	uint32_t off, len;     /* the object's bytes, braces included */
	uint32_t field, count; /* its fields: fields[field .. field + count) */
};

struct scan_guess;
struct scan {
	struct scan_field *fields;
	struct scan_record *records;
	size_t nfields, nrecords;
	int has_newline; /* some white space in a record may be a CR or LF (a line format must replace it) */
	int has_surrogate; /* somewhere half of a pair stands alone: an escape like \ud83d */
	/* private */
	struct scan_guess *guesses;
	size_t nguesses;
	size_t cap_fields, cap_records, cap_guesses;
};

void scan_init(struct scan *s);
void scan_fini(struct scan *s);
/* What its tables take. */
size_t scan_table_bytes(const struct scan *s);

/* Scans page[0, len); page[len, len + SCAN_PADDING) must be readable and zero.  AB_EDATA (with byte
 * offset, what was expected, and the bytes around it made printable), AB_ENOMEM.  After an error the
 * tables are empty. */
ab_status scan_page(struct scan *s, const char *page, size_t len, struct error *e);

/* The same over one JSON value of any type, nested containers included: only validates.  Used for
 * texts of connectors that are not records.  No padding is needed.  *used: bytes consumed, trailing white
 * space included: where that is less than len, something follows the value. */
ab_status scan_value(const char *text, size_t len, size_t *used, struct error *e);
#endif
