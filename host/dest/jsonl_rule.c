/* jsonl_rule.c - JSON Lines under a contract or a selection; see jsonl.h.
 *
 * Lines have no columns, so a contract holds to the stream's schema alone, and a value that is not written is left out.
 * Only here a record is put together anew, member by member; each member is still the bytes that it came as. */
#include <stdlib.h>
#include <string.h>

#include "dest/jsonl.h"

#define MOST_COLUMNS 1000000
#define MOST_LINE    ((size_t)1 << 31)

void
jsonl_rules_init(struct jsonl_rules *r)
{
	*r = (struct jsonl_rules){0};
	shape_init(&r->shape, MOST_COLUMNS);
	shape_fit_init(&r->fit);
	buf_init(&r->line, MOST_LINE);
}

void
jsonl_rules_fini(struct jsonl_rules *r)
{
	shape_fini(&r->shape);
	shape_fit_fini(&r->fit);
	buf_fini(&r->line);
}

ab_status
jsonl_rules_begin(struct jsonl_rules *r, const struct dest_stream_spec *spec, struct error *e)
{
	shape_fini(&r->shape);
	r->shape.contract = spec->schema != NULL ? spec->contract : DEST_EVOLVE;
	r->are_there = spec->columns != NULL || r->shape.contract != DEST_EVOLVE;
	if (!r->are_there)
		return AB_OK;
	shape_select(&r->shape, spec->columns);
	if (shape_add_schema(&r->shape, spec->schema, e) != AB_OK)
		return e->status;
	return shape_add_selected(&r->shape, e);
}

/* Leaves the object in r->line. */
static void
make_object(struct jsonl_rules *r, const struct dest_page *page, size_t i)
{
	const struct scan_record *record = &page->scan->records[i];
	const struct scan_field *field = page->scan->fields + record->field;

	if (!(r->fit.marks[i] & SHAPE_SAME))
		r->columns = r->fit.columns + record->field;
	buf_reset(&r->line);
	for (size_t k = 0; k < r->fit.constants.nfields; k++)
		if (r->fit.constant_cols[k] != SHAPE_SKIP)
			shape_add_member(
			    &r->line, &r->fit.constants.fields[k], r->fit.constants_text.ptr);
	for (uint32_t k = 0; k < record->count; k++)
		if (r->columns[k] != SHAPE_SKIP)
			shape_add_member(&r->line, &field[k], page->bytes);
	buf_adds(&r->line, r->line.len == 0 ? "{}" : "}");
}

ab_status
jsonl_rules_write(struct jsonl_rules *r, struct jsonl_file *f, const char *prefix,
    const struct dest_page *page, struct dest_stats *stats, struct jsonl_verify *v, struct error *e)
{
	const char *end = prefix[0] == '\0' ? "\n" : "}\n";

	if (shape_fit(&r->shape, &r->fit, page, e) != AB_OK)
		return e->status;
	for (size_t i = page->first; i < page->scan->nrecords; i++) {
		if (r->fit.marks[i] & SHAPE_DROPPED)
			continue;
		make_object(r, page, i);
		if (r->line.failed)
			return error_set(e, AB_ENOMEM, "no memory for a line");
		if (jsonl_verify_line(v, NULL, r->line.ptr, r->line.len, e) != AB_OK ||
		    jsonl_file_add(f, prefix, strlen(prefix), e) != AB_OK ||
		    jsonl_file_add_line(f, r->line.ptr, r->line.len, e) != AB_OK ||
		    jsonl_file_add(f, end, strlen(end), e) != AB_OK)
			return e->status;
		stats->rows++;
	}
	dest_stats_sum(stats, &r->fit.counts);
	return AB_OK;
}
