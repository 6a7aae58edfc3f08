/* records.c - the records in an answer. */
#include <stdlib.h>

#include "kit.h"

/* Records being handed over, or only looked at (sink NULL). */
struct emission {
	const struct fetch *f;
	const struct sink *sink;
	struct found *found;
	struct text made; /* records that were made anew, not handed over yet */
};

#define MADE_BYTES (64u << 10)

/* Names what there is instead: mostly an error of the API, or a slip in `records`. */
static ab_status
fail_records(struct ab_host *h, const struct rest_stream *s, const struct ab_json *body)
{
	size_t n = h->json_type(body) == AB_OBJECT ? h->json_len(body) : 0, at = 0;
	char keys[256] = "";

	for (size_t i = 0; i < n && at + 1 < sizeof(keys); i++) {
		struct ab_str key = h->json_key(body, i);
		int len = key.len < 64 ? (int)key.len : 64;

		at += (size_t)snprintf(keys + at, sizeof(keys) - at, "%s%.*s",
		    i == 0 ? ", but: " : ", ", len, key.ptr);
	}
	return ab_failf(h, AB_EDATA, "%s: the answer has nothing at \"%s\"%s", s->name,
	    s->records != NULL ? s->records : "", keys);
}

static ab_status
fail_type(struct ab_host *h, const struct rest_stream *s)
{
	return ab_failf(h, AB_EDATA, "%s: the answer has neither an array nor an object at \"%s\"",
	    s->name, s->records != NULL ? s->records : "");
}

ab_status
rest_records(struct rest *r, const struct rest_stream *s, const struct ab_response *resp,
    const struct ab_json **out)
{
	struct ab_host *h = r->host;
	const struct fetch f = {.rest = r, .h = h, .s = s};
	const struct ab_json *body, *records;
	int type;

	*out = NULL;
	if (request_is_empty(&f, resp))
		return AB_OK; /* a page number behind the last */
	body = h->http_json(resp);
	records = rest_at(h, body, s->records);
	if (records == NULL && body != NULL)
		return fail_records(h, s, body);
	type = h->json_type(records);
	if (type != AB_ARRAY && type != AB_OBJECT && type != AB_NULL)
		return fail_type(h, s);
	*out = type == AB_NULL ? NULL : records;
	return AB_OK;
}

static ab_status
hand_over(struct emission *e, const struct ab_json *records)
{
	return e->sink != NULL ? e->sink->take(e->sink->ctx, records) : AB_OK;
}

/* The records that were made anew. */
static ab_status
flush(struct emission *e)
{
	struct ab_str text = {e->made.ptr, e->made.len};

	e->made.len = 0;
	if (text.len == 0 || e->sink == NULL)
		return AB_OK;
	if (e->sink->take_text != NULL)
		return e->sink->take_text(e->sink->ctx, text);
	return e->sink->take(e->sink->ctx, e->f->h->json_parse(e->f->h, text));
}

static ab_status
one_record(struct emission *e, const struct ab_json *record, struct ab_str key)
{
	enum shape shape;
	int is_older;
	ab_status rc = shape_record(e->f, record, key, &e->made, &shape, &is_older);

	e->found->is_past = e->f->s->cursor.feed && is_older;
	if (rc != AB_OK || shape == SHAPE_DROPPED)
		return rc;
	if (shape == SHAPE_SAME)
		return hand_over(e, record);
	return e->made.len >= MADE_BYTES || e->sink == NULL || e->sink->take_text == NULL ? flush(e)
											  : AB_OK;
}

/* An array of records, or one record. */
static ab_status
emit_all(void *ctx, const struct ab_json *value, struct ab_str key)
{
	struct emission *e = ctx;
	struct ab_host *h = e->f->h;
	int type = h->json_type(value), is_array = type == AB_ARRAY;
	size_t n = 1;
	ab_status rc = AB_OK;

	if (type == AB_NULL)
		return AB_OK;
	if (!is_array && type != AB_OBJECT)
		return fail_type(h, e->f->s);
	/* walks the page, so only where it is needed */
	if (pager_counts(e->f->s) || e->f->walks || shape_is_needed(e->f->s)) {
		n = is_array ? h->json_len(value) : 1;
		if (n > 0)
			e->found->last = is_array ? h->json_at(value, n - 1) : value;
		e->found->count += n;
	}
	if (!shape_is_needed(e->f->s))
		return hand_over(e, value);
	for (size_t i = 0; rc == AB_OK && i < n; i++)
		rc = one_record(e, is_array ? h->json_at(value, i) : value, key);
	return rc;
}

static ab_status
emit_line(void *ctx, struct ab_str line)
{
	struct emission *e = ctx;
	struct ab_host *h = e->f->h;

	e->found->count++;
	if (shape_is_needed(e->f->s))
		return one_record(e, h->json_parse(h, line), (struct ab_str){NULL, 0});
	if (e->sink != NULL && e->sink->take_text == NULL)
		return e->sink->take(e->sink->ctx, h->json_parse(h, line));
	return e->sink != NULL ? e->sink->take_text(e->sink->ctx, line) : AB_OK;
}

static ab_status
emit_block(void *ctx, struct ab_str lines)
{
	struct emission *e = ctx;

	e->found->count++; /* of blocks: there is something */
	return e->sink->take_text(e->sink->ctx, lines);
}

static ab_status
emit_lines(struct emission *e, const struct ab_response *resp, size_t most)
{
	struct lines_taker t = {emit_line, NULL, e};

	if (!pager_counts(e->f->s) && !shape_is_needed(e->f->s) && e->sink != NULL &&
	    e->sink->take_text != NULL)
		t.block = emit_block;
	return lines_each(e->f, resp, &t, most, &e->found->more);
}

static ab_status
each(struct emission *e, const struct ab_response *resp, size_t most)
{
	struct ab_host *h = e->f->h;
	const struct rest_stream *s = e->f->s;
	const struct ab_json *body;
	int found;
	ab_status rc;

	*e->found = (struct found){.count = 0};
	if (request_is_empty(e->f, resp))
		return AB_OK;
	if (s->lines)
		return emit_lines(e, resp, most);
	body = h->http_json(resp);
	rc = path_each(h, body, s->records, emit_all, e, &found);
	return rc == AB_OK && !found && body != NULL ? fail_records(h, s, body) : rc;
}

ab_status
records_each(const struct fetch *f, const struct ab_response *resp, const struct sink *sink,
    size_t most, struct found *found)
{
	struct emission e = {.f = f, .sink = sink, .found = found};
	ab_status rc = each(&e, resp, most);

	if (rc == AB_OK)
		rc = flush(&e);
	text_fini(&e.made);
	return rc;
}
