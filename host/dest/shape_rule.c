/* shape_rule.c - pages under a contract, a selection, or with texts that cannot be kept as they are; see shape.h.
 *
 * Each value is looked at by itself, and what is done to it is noted, so that whoever writes the row can say
 * so in _airbyte_meta.  Where nothing of this is asked for, none of it runs. */
#include "dest/shape_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "data/value.h"

int
shape_has_rules(const struct shape *s, const struct scan *scan)
{
	return s->contract != DEST_EVOLVE || s->selected != NULL || scan->has_surrogate;
}

static int
is_selected(const struct shape *s, const char *key, size_t klen)
{
	for (const char *const *p = s->selected; p != NULL && *p != NULL; p++)
		if (strlen(*p) == klen && memcmp(*p, key, klen) == 0)
			return 1;
	return s->selected == NULL;
}

/* SHAPE_NOWHERE without an error: the contract gives it no column. */
static uint32_t
find_by_rules(struct shape *s, const char *key, size_t klen, struct error *e)
{
	uint32_t col = shape_find(s, key, klen);

	if (col != SHAPE_NOWHERE)
		return s->cols[col].hidden ? SHAPE_SKIP : col;
	if (s->selected != NULL && !is_selected(s, key, klen))
		return SHAPE_SKIP;
	/* beyond the limit what is new is not told from what is known */
	if (s->contract == DEST_EVOLVE || s->rest != SHAPE_NOWHERE)
		return shape_column(s, key, klen, e);
	return SHAPE_NOWHERE;
}

static int
has_lone_surrogate(const struct scan_field *f, const char *bytes)
{
	return f->type == SCAN_STRING && (f->flags & SCAN_ESCAPED) &&
	    value_is_lossy(bytes + f->val, f->vlen);
}

static int
add_change(struct shape_fit *f, uint32_t record, uint32_t field, enum shape_loss loss)
{
	size_t cap = f->cap_changes * 2 + 64;
	struct shape_change *grown;

	if (f->nchanges == f->cap_changes) {
		grown = realloc(f->changes, cap * sizeof(*grown));
		if (grown == NULL)
			return -1;
		f->changes = grown;
		f->cap_changes = cap;
	}
	f->changes[f->nchanges++] = (struct shape_change){record, field, loss};
	return 0;
}

static const char *
value_word(const struct scan_field *f, const char *bytes)
{
	switch (shape_type_of_value(f, bytes)) {
	case SHAPE_INTEGER:
		return "an integer";
	case SHAPE_NUMBER:
		return "a number";
	case SHAPE_BOOLEAN:
		return "a boolean";
	case SHAPE_JSON:
		return f->type == SCAN_ARRAY ? "an array" : "an object";
	default:
		return f->type == SCAN_STRING ? "a string" : "a number that only a text holds";
	}
}

static ab_status
refuse(const struct shape *s, uint32_t col, const struct scan_field *f, const char *bytes,
    struct error *e)
{
	int len = f->klen > 100 ? 100 : f->klen;

	if (col == SHAPE_NOWHERE)
		return error_set(e, AB_EDATA,
		    "its contract is freeze, and the field \"%.*s\" (here %s) is new: let the table follow with "
		    "the contract evolve, or leave out what is new with discard_value or discard_row",
		    len, bytes + f->key, value_word(f, bytes));
	return error_set(e, AB_EDATA,
	    "its contract is freeze, and the field \"%.*s\" holds %s, but its column is %s: let the column widen with "
	    "the contract evolve, or leave out what does not fit with discard_value or discard_row",
	    len, bytes + f->key, value_word(f, bytes),
	    shape_type_word((enum shape_type)s->cols[col].type));
}

/* What one field comes to. */
enum verdict { KEEP, NULLED, TRUNCATED, SKIP, DISCARD, DROP, FAIL };

/* Of a field that breaks the contract; col SHAPE_NOWHERE: it has no column. */
static enum verdict
judge_breach(const struct shape *s, uint32_t col, const struct scan_field *field, const char *bytes,
    struct error *e)
{
	switch (s->contract) {
	case DEST_FREEZE:
		refuse(s, col, field, bytes, e);
		return FAIL;
	case DEST_DISCARD_ROW:
		return DROP;
	default:
		return col == SHAPE_NOWHERE ? DISCARD : s->cols[col].is_key ? DROP : NULLED;
	}
}

static enum verdict
judge(struct shape *s, uint32_t col, const struct scan_field *field, const char *bytes,
    struct error *e)
{
	const struct shape_column *c;

	if (col == SHAPE_SKIP)
		return SKIP;
	if (col == SHAPE_NOWHERE)
		return field->type == SCAN_NULL ? SKIP : judge_breach(s, col, field, bytes, e);
	c = &s->cols[col];
	if (c->role != SHAPE_FIELD)
		return KEEP;
	/* a column of which nothing is known takes the type of what comes first */
	if (s->contract == DEST_EVOLVE || c->type == SHAPE_NONE)
		shape_widen(s, col, field, bytes);
	else if (!shape_fits((enum shape_type)c->type, field, bytes))
		return judge_breach(s, col, field, bytes, e);
	return has_lone_surrogate(field, bytes) ? TRUNCATED : KEEP;
}

/* Takes the verdict on a field of a record, or on a constant (record SHAPE_NOWHERE); *col is where its value goes. */
static ab_status
execute(struct shape_fit *f, enum verdict v, uint32_t record, uint32_t field, uint32_t *col,
    struct error *e)
{
	int64_t n = record == SHAPE_NOWHERE ? (int64_t)(f->scan->nrecords - f->first) : 1;
	int failed = 0;

	if (v == NULLED) {
		f->counts.nulled += n;
		failed = add_change(f, record, field, SHAPE_NULLED);
	} else if (v == TRUNCATED) {
		f->counts.truncated += n;
		failed = add_change(f, record, field, SHAPE_TRUNCATED);
	} else if (v == DISCARD) {
		f->counts.discarded_values += n;
	}
	if (v != KEEP && v != TRUNCATED)
		*col = SHAPE_SKIP;
	return failed ? error_set(e, AB_ENOMEM, "no memory for the changes of a page") : AB_OK;
}

/* The record is as if it had not come. */
static void
drop(struct shape_fit *f, size_t i, const struct dest_stats *counts, size_t nchanges)
{
	f->counts = *counts;
	f->counts.discarded_rows++;
	f->nchanges = nchanges;
	f->marks[i] = SHAPE_DROPPED;
	f->dropped++;
	f->is_plain = 0;
}

/* The column of field k of a record, which f->last keeps for the next one. */
static uint32_t
column_of(struct shape *s, struct shape_fit *f, uint32_t k, const struct scan_field *field,
    int predicted, int *same, struct error *e)
{
	uint32_t col;

	if (predicted && k < f->nlast && (field->flags & SCAN_SAME_KEY))
		return f->last[k];
	col = shape_of_key(s, field, f->bytes, find_by_rules, e);
	*same = *same && f->last[k] == col;
	f->last[k] = col;
	return col;
}

ab_status
shape_rule_record(struct shape *s, struct shape_fit *f, size_t i, struct error *e)
{
	const struct scan_record *r = &f->scan->records[i];
	const struct scan_field *field = f->scan->fields + r->field;
	const struct dest_stats counts = f->counts;
	const size_t nchanges = f->nchanges;
	int predicted = i > f->first, same = f->is_plain && r->count == f->nlast, dropped = 0;
	int has_key = s->key == SHAPE_NOWHERE || f->constant_key, plain = 1;

	for (uint32_t k = 0; k < r->count; k++, field++) {
		uint32_t *col = &f->columns[r->field + k];
		uint32_t known = column_of(s, f, k, field, predicted, &same, e);
		enum verdict v = e->status != AB_OK ? FAIL : judge(s, known, field, f->bytes, e);

		*col = known;
		if (v == FAIL || execute(f, v, (uint32_t)i, r->field + k, col, e) != AB_OK)
			return e->status;
		dropped |= v == DROP;
		plain &= *col == known;
		if (known == s->key)
			has_key = field->type == SCAN_INT && v == KEEP;
	}
	same = same && plain;
	f->nlast = r->count;
	if (dropped || f->drops_all) {
		drop(f, i, &counts, nchanges);
		return AB_OK;
	}
	if (!same && shape_settle(s, f, r) != 0)
		return error_set(e, AB_ENOMEM, "no memory for a record of %u fields", r->count);
	f->counts.duplicate_keys += f->repeats;
	f->marks[i] = same ? SHAPE_SAME : 0;
	f->is_plain = plain;
	f->key_broken |= !has_key;
	return AB_OK;
}

ab_status
shape_rule_constant(struct shape *s, struct shape_fit *f, size_t i, struct error *e)
{
	const struct scan_field *field = &f->constants.fields[i];
	const char *bytes = f->constants_text.ptr;
	uint32_t col = shape_of_key(s, field, bytes, find_by_rules, e);
	enum verdict v = e->status != AB_OK ? FAIL : judge(s, col, field, bytes, e);

	f->constant_cols[i] = col;
	if (v == FAIL ||
	    execute(f, v, SHAPE_NOWHERE, (uint32_t)i, &f->constant_cols[i], e) != AB_OK)
		return e->status;
	f->drops_all |= v == DROP;
	f->constant_key |= col == s->key && field->type == SCAN_INT && v == KEEP;
	return AB_OK;
}

static void
add_meta(const struct shape_fit *f, const struct shape_change *c, struct buf *out)
{
	int constant = c->record == SHAPE_NOWHERE;
	const struct scan_field *field =
	    constant ? &f->constants.fields[c->field] : &f->scan->fields[c->field];
	const char *bytes = constant ? f->constants_text.ptr : f->bytes;

	buf_adds(out, out->len == 0 ? "{\"changes\":[{\"field\":" : ",{\"field\":");
	buf_add(out, bytes + field->key - 1, field->klen + 2u);
	buf_adds(out,
	    c->loss == SHAPE_NULLED
		? ",\"change\":\"NULLED\",\"reason\":\"DESTINATION_TYPECAST_ERROR\"}"
		: ",\"change\":\"TRUNCATED\",\"reason\":\"DESTINATION_SERIALIZATION_ERROR\"}");
}

int
shape_meta(const struct shape_fit *f, size_t i, struct buf *out)
{
	struct ab_str told =
	    f->beside == NULL ? (struct ab_str){"", 0} : beside_changes(f->beside, i);
	size_t low = 0, high = f->nchanges, mid;

	if (told.len > 0) {
		buf_adds(out, "{\"changes\":[");
		buf_add(out, told.ptr, told.len);
	}
	for (; low < f->nchanges && f->changes[low].record == SHAPE_NOWHERE; low++)
		add_meta(f, &f->changes[low], out);
	while (low < high) {
		mid = low + (high - low) / 2;
		if (f->changes[mid].record < i)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < f->nchanges && f->changes[low].record == i; low++)
		add_meta(f, &f->changes[low], out);
	buf_adds(out, out->len == 0 ? "{}" : "]}");
	return out->failed ? -1 : 0;
}

static int
is_false_text(const char *text, size_t len)
{
	static const char word[] = "false";

	if (len == 0 || (len == 1 && text[0] == '0'))
		return 1;
	if (len != 5)
		return 0;
	for (size_t i = 0; i < 5; i++)
		if ((text[i] | 0x20) != word[i])
			return 0;
	return 1;
}

int
shape_is_deleted(const struct scan_field *f, const char *bytes, struct ab_str *text)
{
	int64_t us;
	double d;

	*text = (struct ab_str){"", 0};
	if (f == NULL)
		return 0;
	switch (f->type) {
	case SCAN_NULL:
	case SCAN_FALSE:
		return 0;
	case SCAN_INT:
	case SCAN_REAL:
		value_real(bytes + f->val, f->vlen, &d);
		return d != 0;
	case SCAN_STRING:
		if (!(f->flags & SCAN_ESCAPED) && clock_parse(bytes + f->val, f->vlen, &us) == 0)
			*text = (struct ab_str){bytes + f->val, f->vlen};
		return !is_false_text(bytes + f->val, f->vlen);
	default:
		return 1;
	}
}
