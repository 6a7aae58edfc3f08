/* shape.h - the columns of a stream: their names, their types, and how records fall into them.
 *
 * Shared by every destination that has columns.  A shape begins with the stream's JSON Schema (or
 * empty) and only ever grows: an unknown field becomes a column, a value that does not fit makes its
 * column wider, nothing is dropped.  shape_fit lays one page over the shape and changes it where it
 * must; the destination then makes its table follow (cols[i].made says what the table has) and reads
 * the cells.  Nothing here knows SQL.  Not thread-safe; nothing is allocated per record.
 *
 * That is the contract DEST_EVOLVE.  Under another contract the shape stays as it is, and what does not fit is
 * refused, dropped or nulled.  docs/schema.md has every rule.
 *
 * Column names: the key as it came, control characters replaced by '_'.  A key without a byte is
 * "_empty"; a name beyond 1,000 bytes is cut and gets its hash; a name that is taken (letters A-Z and
 * a-z are one, as in SQL) gets "_2", "_3", ...  Table names: the stream's name by the same rules, with
 * "namespace_" in front where there is one. */
#ifndef ABHOST_SHAPE_H
#define ABHOST_SHAPE_H
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "data/scan.h"
#include "dest/dest.h"

#define SHAPE_MAX_NAME 1000 /* bytes of a column's or table's name, before a "_2" */
#define SHAPE_NOWHERE  UINT32_MAX
#define SHAPE_SKIP     (UINT32_MAX - 1) /* the column of a field that is passed over */

/* From narrow to wide; two that differ join to TEXT, but INTEGER + NUMBER to NUMBER. */
enum shape_type {
	SHAPE_NONE, /* nothing but null was seen */
	SHAPE_INTEGER,
	SHAPE_NUMBER,
	SHAPE_BOOLEAN,
	SHAPE_JSON, /* objects and arrays, as their source bytes */
	SHAPE_TEXT,
	SHAPE_TYPES,
	SHAPE_UNMADE = SHAPE_TYPES /* in `made`: the table does not have the column yet */
};

enum shape_role {
	SHAPE_FIELD,
	SHAPE_EXTRACTED_AT,
	SHAPE_META,
	SHAPE_GENERATION,
	SHAPE_REST,	/* JSON object of the fields that found no column below the limit */
	SHAPE_RECEIVED, /* when it came here, where SHAPE_EXTRACTED_AT is when the source emitted it */
	SHAPE_DELETED_AT, /* when the record was deleted, by its deleted_field */
	SHAPE_FOREIGN	  /* somebody else added it to the table: kept, never written, not saved */
};

struct shape_column {
	char *key;  /* as records carry it, unescaped, klen bytes; NULL for the system's */
	char *name; /* the column's name */
	uint32_t klen;
	uint8_t type, made, role; /* enum shape_type, shape_type, shape_role */
	uint8_t hidden;		  /* not selected: its values are passed over */
	uint8_t is_key;		  /* a value that does not fit costs the record, not the value */
	uint8_t is_searched;	  /* a key or cursor stands inside its objects */
};

struct shape {
	struct shape_column *cols;
	uint32_t ncols, limit; /* limit: columns that a table may have */
	uint32_t key;	       /* column whose values must be 64-bit integers, or SHAPE_NOWHERE */
	uint32_t rest;	       /* the SHAPE_REST column, or SHAPE_NOWHERE */
	uint32_t received;     /* the SHAPE_RECEIVED column, or SHAPE_NOWHERE */
	uint32_t deleted; /* column of the field that marks a deleted record, or SHAPE_NOWHERE */
	enum dest_contract contract;
	const char *const *selected; /* NULL: every field; borrowed */
	/* private */
	const struct shape *names;
	uint32_t *slots, nslots, cap; /* by key */
	uint32_t *name_slots, nname_slots;
	int has_system;
	struct buf text;
};

/* A value that did not come through as it was. */
enum shape_loss {
	SHAPE_NULLED,	/* it does not fit, and the contract is DEST_DISCARD_VALUE */
	SHAPE_TRUNCATED /* half of a surrogate pair became U+FFFD */
};
struct shape_change {
	uint32_t record; /* or SHAPE_NOWHERE: every one, since it is a constant */
	uint32_t field;	 /* of the scan, or of the constants */
	enum shape_loss loss;
};

/* A page laid over a shape; reused for ever. */
struct shape_fit {
	const char *bytes;
	const struct scan *scan;
	size_t first;
	const struct beside_list *beside; /* of each record, or NULL */
	int key_broken;			  /* a record had no integer in shape->key */
	size_t dropped;			  /* records that the contract keeps out */
	struct dest_stats counts;	  /* of this page, but for its rows */
	struct shape_change *changes;	  /* by record */
	size_t nchanges;
	/* private */
	uint32_t *columns, *last; /* per field its column; of the previous record */
	uint8_t *marks;		  /* per record SHAPE_SAME, SHAPE_DROPPED */
	size_t cap_columns, cap_marks, cap_last, nlast, cap_changes;
	uint32_t *seen, serial; /* per column the last record that had it */
	size_t cap_seen;
	int64_t repeats; /* keys that the previous record had twice */
	int is_plain;	 /* the previous record was written, and each field by its key alone */
	int drops_all;	 /* a constant does not fit */
	struct shape_rest_key *rest_keys;
	size_t cap_rest_keys;
	struct scan about, constants;
	struct buf about_text, constants_text;
	uint32_t *constant_cols;
	size_t cap_constants;
	int constant_key; /* a constant is the integer for shape->key */
};

/* Where the columns of one record are; made for each row in turn. */
struct shape_row {
	uint32_t *cell; /* per column 0, a field's number + 1, or SHAPE_CONSTANT + a constant's */
	const uint32_t *columns; /* of the record's fields */
	const struct scan_record *record;
	size_t cap, ncols;
};
#define SHAPE_CONSTANT 0x80000000u

enum {
	SHAPE_SAME = 1,	  /* its fields lie in the previous record's columns */
	SHAPE_DROPPED = 2 /* not written */
};

/* limit: columns that a table may have, the three of the system that each has included. */
void shape_init(struct shape *s, uint32_t limit);
void shape_fini(struct shape *s);
/* A key that `names` knows is called as there, where that is free; borrowed until shape_fini. */
void shape_use_names(struct shape *s, const struct shape *names);
/* Columns for the properties of a JSON Schema (NULL: none), in their order. */
ab_status shape_add_schema(struct shape *s, const json_t *schema, struct error *e);
/* Only these fields from here on (NULL-terminated, borrowed; NULL: all): other columns are hidden.  After the table's
 * own columns, before shape_add_schema. */
void shape_select(struct shape *s, const char *const *selected);
/* The selected fields that are still without a column get one. */
ab_status shape_add_selected(struct shape *s, struct error *e);
/* The fields of another shape, for a table that is to be like one that is there. */
ab_status shape_add_like(struct shape *s, const struct shape *like, struct error *e);
/* Holds the schema against the columns that are there, instead of adding its own: what is new in it is AB_ECONFIG
 * under DEST_FREEZE, and else as if it were not promised. */
ab_status shape_check_schema(struct shape *s, const json_t *schema, struct error *e);
/* The column of a key (made where there is none), or SHAPE_NOWHERE and e. */
uint32_t shape_column(struct shape *s, const char *key, size_t klen, struct error *e);
/* The column of a key, or SHAPE_NOWHERE. */
uint32_t shape_find(const struct shape *s, const char *key, size_t klen);
/* Whether the table has every column, with its type. */
int shape_is_made(const struct shape *s);
/* A column of this name that the table has, but no key; SHAPE_NOWHERE: no memory. */
uint32_t shape_add_foreign(struct shape *s, const char *name);
/* The column of a name, or SHAPE_NOWHERE. */
uint32_t shape_find_name(const struct shape *s, const char *name);
/* A column that no key has; the one of the rest (once). SHAPE_NOWHERE: no memory. */
uint32_t shape_add_system_column(struct shape *s, enum shape_role role, enum shape_type type);
uint32_t shape_add_rest(struct shape *s);
/* Appends the system's columns, once. */
ab_status shape_add_system(struct shape *s, struct error *e);
/* The SHAPE_RECEIVED column, where there is none, the name is free, and most columns are not yet there. -1: no memory. */
int shape_add_received(struct shape *s, uint32_t most);
/* The SHAPE_DELETED_AT column, made where there is none; SHAPE_NOWHERE and e: no memory, or a field is called so. */
uint32_t shape_add_deleted(struct shape *s, struct error *e);
/* The columns as JSON, [{"key", "column", "type"}, ...], and back (then all are made). */
int shape_save(const struct shape *s, struct buf *out);
ab_status shape_load(struct shape *s, const char *json, struct error *e);

void shape_fit_init(struct shape_fit *f);
void shape_fit_fini(struct shape_fit *f);
/* Lays a page (borrowed while f is read) over s, and grows s where its contract allows it.  AB_EDATA for a page
 * whose constants are not an object, and what DEST_FREEZE refuses; AB_ENOMEM. */
ab_status
shape_fit(struct shape *s, struct shape_fit *f, const struct dest_page *page, struct error *e);

void shape_row_init(struct shape_row *r);
void shape_row_fini(struct shape_row *r);
/* Room for ncols columns; -1: no memory. Before the first row of each page. */
int shape_row_begin(struct shape_row *r, const struct shape_fit *f, uint32_t ncols);
/* Moves to record i; the records of a page one after the other, from f->first on. */
void shape_row_move(struct shape_row *r, const struct shape_fit *f, size_t i);
/* The field in a column and the bytes that its offsets count from; NULL where the record has none. */
static inline const struct scan_field *
shape_cell(
    const struct shape_row *r, const struct shape_fit *f, uint32_t column, const char **bytes)
{
	uint32_t cell = column < r->ncols ? r->cell[column] : 0;

	if (cell == 0)
		return NULL;
	if (cell & SHAPE_CONSTANT) {
		*bytes = f->constants_text.ptr;
		return &f->constants.fields[cell & ~SHAPE_CONSTANT];
	}
	*bytes = f->bytes;
	return &f->scan->fields[r->record->field + cell - 1];
}
/* The fields and constants of a record that have no column of their own, as a JSON object; out is empty. */
int
shape_rest(const struct shape_row *r, const struct shape_fit *f, uint32_t rest, struct buf *out);
/* A field as a member of an object that out holds so far ("" for none yet), without the closing brace. */
void shape_add_member(struct buf *out, const struct scan_field *field, const char *bytes);
/* A valid object, the names in it with as few escapes as can be: SQLite finds a name only as it is spelt. -1: no memory. */
int shape_add_plain_names(struct buf *out, const char *json, size_t len);
/* Whether that is how the value of a column is to be stored. */
static inline int
shape_wants_plain_names(
    const struct shape_column *c, const struct scan_field *field, const char *bytes)
{
	return c->is_searched && field->type == SCAN_OBJECT &&
	    memchr(bytes + field->val, '\\', field->vlen) != NULL;
}
/* Whether _airbyte_meta of some record is not {}. */
static inline int
shape_has_meta(const struct shape_fit *f)
{
	return f->nchanges > 0 || (f->beside != NULL && f->beside->texts.len > 0);
}
/* When the source emitted record i; BESIDE_NEVER: it is not said, or nothing would say when the record came here. */
static inline int64_t
shape_emitted(const struct shape *s, const struct shape_fit *f, size_t i)
{
	return f->beside == NULL || s->received == SHAPE_NOWHERE ? BESIDE_NEVER
								 : f->beside->of[i].emitted_ms;
}
/* _airbyte_meta of record i: {} or {"changes": [...]}, the source's before ours; out is empty. */
int shape_meta(const struct shape_fit *f, size_t i, struct buf *out);
/* When the record was deleted, by the field of s->deleted: *text is the field's own where that is a time (borrowed),
 * "" for a moment that is not told.  0: it is not deleted. */
int shape_is_deleted(const struct scan_field *field, const char *bytes, struct ab_str *text);

/* shape_name.c.  Names end in NUL; -1: no memory. */
int shape_same_name(const char *a, const char *b); /* but for the case of A-Z */
int shape_table_name(struct buf *out, const char *namespace_, const char *stream);
int shape_column_name(struct buf *out, const char *key, size_t klen);
const char *shape_system_name(enum shape_role role);

/* shape_type.c */
/* An integer literal as int64, "-0" as 0; -1 where it is out of range. */
int shape_int(const char *num, size_t len, int64_t *out);
const char *shape_type_word(enum shape_type t); /* "INTEGER", ...; "" for NONE */
enum shape_type shape_type_from_word(const char *word);
enum shape_type shape_join(enum shape_type a, enum shape_type b);
/* What a property's schema promises; SHAPE_NONE: nothing, look at the records. */
enum shape_type shape_type_of_schema(const json_t *property);
/* Whether a property's texts are times (date-time, date). */
int shape_is_time(const json_t *property);
/* The narrowest type that holds a value exactly. */
enum shape_type shape_type_of_value(const struct scan_field *f, const char *bytes);
/* Whether a column of type t holds the value exactly. */
int shape_fits(enum shape_type t, const struct scan_field *f, const char *bytes);
#endif
