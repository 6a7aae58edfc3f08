/* parents.c - a partition for each record of a parent stream, which is read page by page as they are needed.
 *
 * A page of partitions is what one page of the parent gives.  The token of the next one is [OUTER, I, INNER]: the
 * parent's page INNER in the parent's own partition I of the page OUTER of those; and OUTER is such a token again. */
#include <stdlib.h>

#include "kit.h"

/* Pages of partitions of parents that have partitions themselves: they are gone through one by one, call by call. */
struct rest_slices {
	struct rest_slices *next;
	const struct rest_stream *child, *parent;
	char *token; /* "" the first page */
	struct slices slices;
};

void
partition_free(struct rest_slices *all)
{
	struct rest_slices *next;

	for (; all != NULL; all = next) {
		next = all->next;
		slices_fini(&all->slices);
		free(all->token);
		free(all);
	}
}

/* The records of one page of a parent become partitions of the child. */
struct gather {
	struct ab_host *h;
	const struct rest_stream *child;
	const char *members; /* of the parent's own partition */
	struct text name, more;
	const struct ab_json *record;
	struct slices *out;
	size_t records, fields;
};

static ab_status
take_value(void *ctx, const struct ab_json *value, struct ab_str key)
{
	struct gather *g = ctx;
	const char *const *extra = g->child->parent.extra;
	int type = g->h->json_type(value);

	(void)key;
	g->fields++;
	if (type == AB_NULL)
		return AB_OK; /* it has none of these children */
	if (type == AB_ARRAY || type == AB_OBJECT)
		return ab_failf(g->h, AB_EDATA, "%s: %s of %s is neither a text nor a number",
		    g->child->name, g->name.ptr, g->child->parent.stream);
	g->more.len = 0;
	slices_member(&g->more, g->name.ptr, g->h, value);
	for (; extra != NULL && extra[0] != NULL; extra += 2) {
		text_adds(&g->more, ", ");
		slices_member(&g->more, extra[0], g->h, rest_at(g->h, g->record, extra[1]));
	}
	if (g->more.failed)
		return g->h->fail(g->h, AB_ENOMEM, "out of memory");
	slices_add(g->out, g->members, g->more.ptr);
	return AB_OK;
}

static ab_status
take_record(struct gather *g, const struct ab_json *record)
{
	const char *field = g->child->parent.field;
	int found;

	g->record = record;
	g->records++;
	return path_each(g->h, record, field != NULL ? field : "id", take_value, g, &found);
}

static ab_status
take_records(void *ctx, const struct ab_json *records)
{
	struct gather *g = ctx;
	ab_status rc = AB_OK;

	if (g->h->json_type(records) != AB_ARRAY)
		return take_record(g, records);
	for (size_t i = 0, n = g->h->json_len(records); rc == AB_OK && i < n; i++)
		rc = take_record(g, g->h->json_at(records, i));
	return rc;
}

/* Where the parent begins when only what changed is wanted: the child's state, so much earlier. */
static ab_status
parent_state(struct rest *r, const struct rest_stream *child, const struct rest_stream *parent,
    const struct ab_read *read, struct text *out)
{
	struct fetch f;
	const char *format = parent->cursor.field_format;
	int is_number;
	ab_status rc;

	if (!child->parent.changed || r->host->json_type(read->state) == AB_NULL)
		return AB_OK;
	rc = fetch_init(
	    &f, r, child, &(struct ab_read){.size = sizeof(*read), .state = read->state});
	if (rc != AB_OK || !f.span.is_time || !f.span.has_start)
		return rc;
	is_number = format != NULL && when_is_number(format);
	text_adds(out, "{");
	text_add_quoted(out, parent->cursor.field, strlen(parent->cursor.field));
	text_adds(out, is_number ? ": " : ": \"");
	if (format != NULL)
		when_format(f.span.start, format, out);
	else
		when_format_iso(f.span.start, out);
	text_adds(out, is_number ? "}" : "\"}");
	return out->failed ? request_no_memory(r) : AB_OK;
}

/* One page of the parent, in its partition `members` ("" none). */
static ab_status
gather_page(struct rest *r, struct gather *g, const struct rest_stream *parent,
    const struct ab_read *read, const char *token, struct text *next)
{
	struct ab_host *h = r->host;
	const struct sink sink = {take_records, NULL, g};
	struct ab_read of_parent = {
	    .size = sizeof(of_parent), .stream = parent->name, .token = token};
	struct text partition = {0}, state = {0};
	int64_t total;
	ab_status rc = parent_state(r, g->child, parent, read, &state);

	partition_name(&g->child->parent, &g->name);
	text_adds(&partition, "{");
	text_adds(&partition, g->members);
	text_adds(&partition, "}");
	if (rc == AB_OK && (partition.failed || g->name.failed))
		rc = request_no_memory(r);
	if (rc == AB_OK && *g->members != '\0')
		of_parent.partition =
		    h->json_parse(h, (struct ab_str){partition.ptr, partition.len});
	if (rc == AB_OK && state.len > 0)
		of_parent.state = h->json_parse(h, (struct ab_str){state.ptr, state.len});
	if (rc == AB_OK)
		rc = fetch_page(r, parent, &of_parent, &sink, next, &total);
	if (rc == AB_OK && g->records > 0 && g->fields == 0)
		rc = ab_failf(h, AB_EDATA, "%s: no record of a page of %s has a value at \"%s\"",
		    g->child->name, parent->name,
		    g->child->parent.field != NULL ? g->child->parent.field : "id");
	text_fini(&partition);
	text_fini(&state);
	return rc;
}

/* A token in pieces; "" and 0 where it begins. */
struct place {
	const char *outer, *inner; /* outer: "" or JSON */
	size_t at;
};

static ab_status
read_place(struct rest *r, const struct rest_stream *s, const char *token, struct place *out)
{
	struct ab_host *h = r->host;
	const struct ab_json *v, *outer;

	*out = (struct place){"", NULL, 0};
	if (*token == '\0')
		return AB_OK;
	v = h->json_parse(h, (struct ab_str){token, strlen(token)});
	if (h->json_type(v) != AB_ARRAY || h->json_len(v) != 3)
		return ab_failf(
		    h, AB_EBUG, "%s: \"%.64s\" is no token of partitions", s->name, token);
	outer = h->json_at(v, 0);
	if (h->json_type(outer) != AB_NULL)
		out->outer = h->json_text(outer).ptr;
	out->at = (size_t)h->json_int(h->json_at(v, 1));
	if (h->json_type(h->json_at(v, 2)) == AB_STRING)
		out->inner = h->json_str(h->json_at(v, 2)).ptr;
	return AB_OK;
}

static void
write_place(const struct place *p, struct text *out)
{
	char at[32];

	text_adds(out, "[");
	text_adds(out, *p->outer != '\0' ? p->outer : "null");
	snprintf(at, sizeof(at), ", %zu, ", p->at);
	text_adds(out, at);
	if (p->inner != NULL)
		text_add_quoted(out, p->inner, strlen(p->inner));
	else
		text_adds(out, "null");
	text_adds(out, "]");
}

static void
forget(struct rest_slices **at)
{
	struct rest_slices *entry = *at;

	*at = entry->next;
	entry->next = NULL;
	partition_free(entry);
}

/* A list begins anew: what an earlier one of this child has seen is old. */
void
parents_forget(struct rest *r, const struct rest_stream *child)
{
	struct rest_slices **at = &r->slices;

	while (*at != NULL)
		if ((*at)->child == child)
			forget(at);
		else
			at = &(*at)->next;
}

/* The page of the parent's own partitions, from the last call or anew. */
static ab_status
outer_page(struct rest *r, const struct rest_stream *child, const struct rest_stream *parent,
    const struct ab_read *read, const char *token, const struct slices **out)
{
	struct rest_slices **at = &r->slices, *entry;
	ab_status rc;

	while (*at != NULL && ((*at)->child != child || (*at)->parent != parent))
		at = &(*at)->next;
	entry = *at;
	if (entry != NULL && strcmp(entry->token, token) == 0) {
		*out = &entry->slices;
		return AB_OK;
	}
	if (entry != NULL)
		forget(at);
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL || (entry->token = strdup(token)) == NULL) {
		free(entry);
		return request_no_memory(r);
	}
	entry->child = child;
	entry->parent = parent;
	rc = slices_list(r, child, parent, read, token, &entry->slices);
	entry->next = r->slices;
	r->slices = entry;
	*out = &entry->slices;
	return rc;
}

/* What comes behind a page of the parent whose next page is `inner` ("" none). */
static void
advance(struct place *p, const struct slices *outer, const char *inner, struct text *next)
{
	p->inner = *inner != '\0' ? inner : NULL;
	if (p->inner == NULL)
		p->at++;
	if (p->at >= outer->n) {
		if (outer->next.len == 0)
			return;
		p->outer = outer->next.ptr;
		p->at = 0;
		p->inner = NULL;
	}
	write_place(p, next);
}

ab_status
parents_list(struct rest *r, const struct rest_stream *child, const struct rest_stream *s,
    const struct ab_read *read, const char *token, struct slices *out)
{
	static const struct slices one = {
	    .list = {.ptr = (char *)(uintptr_t) "", .len = 1}, .n = 1};
	const struct rest_stream *parent = table_find(r, s->parent.stream);
	const struct slices *outer = &one;
	struct gather g = {.h = r->host, .child = s, .out = out};
	struct text inner = {0};
	struct place place;
	ab_status rc;

	if (parent == NULL)
		return ab_failf(r->host, AB_EBUG, "%s: parent.stream: there is no stream %s",
		    s->name, s->parent.stream);
	rc = read_place(r, s, token, &place);
	if (rc == AB_OK && (parent->parent.stream != NULL || parent->lists[0].as != NULL))
		rc = outer_page(r, child, parent, read, place.outer, &outer);
	if (rc == AB_OK && place.at < outer->n) {
		g.members = outer->list.ptr;
		for (size_t i = 0; i < place.at; i++)
			g.members += strlen(g.members) + 1;
		rc = gather_page(r, &g, parent, read, place.inner, &inner);
	}
	if (rc == AB_OK)
		advance(&place, outer, inner.len > 0 ? inner.ptr : "", &out->next);
	text_fini(&g.name);
	text_fini(&g.more);
	text_fini(&inner);
	return rc;
}
