/* partition.c - the partitions of a stream: of a parent's records, of lists, of windows.  A partition
 * is kept as its members, "\"users_id\": 5". */
#include <stdlib.h>

#include "kit.h"

int
partition_has(const struct rest_stream *s)
{
	return s->parent.stream != NULL || s->lists[0].as != NULL || s->cursor.step != NULL;
}

static int
is_windows(const struct rest_stream *s)
{
	return s->cursor.step != NULL && s->parent.stream == NULL && s->lists[0].as == NULL;
}

int
partition_is_shared(const struct rest_stream *s)
{
	return is_windows(s) || (s->parent.stream != NULL && s->parent.changed);
}

void
partition_name(const struct rest_parent *p, struct text *out)
{
	if (p->as != NULL) {
		text_adds(out, p->as);
		return;
	}
	text_adds(out, p->stream);
	text_adds(out, "_");
	for (const char *c = p->field != NULL ? p->field : "id"; *c != '\0'; c++)
		text_add(out, *c == '.' || *c == '\\' || *c == '*' ? "_" : c, 1);
}

ab_status
partition_constants(const struct fetch *f, struct text *out)
{
	const struct ab_json *partition = partition_has(f->s) ? f->read->partition : NULL;
	struct ab_host *h = f->h;
	struct text filled = {0};
	const char *open, *close;
	int missing;
	ab_status rc = AB_OK;

	for (size_t i = 0, n = h->json_len(partition); i < n; i++) {
		struct ab_str key = h->json_key(partition, i);

		if (strcmp(key.ptr, SPAN_START) == 0 || strcmp(key.ptr, SPAN_END) == 0)
			continue;
		text_adds(out, out->len > 0 ? ", " : "");
		text_add_quoted(out, key.ptr, key.len);
		text_adds(out, ": ");
		text_adds(out, h->json_text(h->json_at(partition, i)).ptr);
	}
	if (f->s->constants != NULL)
		rc = template_fill(
		    f, "constants", f->s->constants, TEMPLATE_JSON, &filled, &missing);
	open = filled.len == 0 ? NULL : strchr(filled.ptr, '{');
	close = open == NULL ? NULL : strrchr(open, '}');
	if (rc == AB_OK && close != NULL &&
	    strspn(open + 1, " \t\n") < (size_t)(close - open - 1)) {
		text_adds(out, out->len > 0 ? ", " : "");
		text_add(out, open + 1, (size_t)(close - open - 1));
	}
	text_fini(&filled);
	return rc;
}

void
slices_fini(struct slices *s)
{
	text_fini(&s->list);
	text_fini(&s->next);
}

void
slices_add(struct slices *out, const char *members, const char *more)
{
	text_adds(&out->list, members);
	if (*members != '\0' && *more != '\0')
		text_adds(&out->list, ", ");
	text_add(&out->list, more, strlen(more) + 1);
	out->n++;
}

/* Lists */

void
slices_member(struct text *out, const char *name, struct ab_host *h, const struct ab_json *value)
{
	text_add_quoted(out, name, strlen(name));
	text_adds(out, ": ");
	text_adds(out, h->json_text(value).ptr);
}

/* Each slice with one more member. */
static void
cross(const struct slices *slices, const char *member, struct slices *out)
{
	const char *p = slices->list.ptr;

	for (size_t i = 0; i < slices->n; i++, p += strlen(p) + 1)
		slices_add(out, p, member);
}

/* What a user lists twice is meant once. */
static int
stands_before(struct ab_host *h, const struct ab_json *list, size_t i)
{
	struct ab_str text = h->json_text(h->json_at(list, i)), before;

	for (size_t k = 0; k < i; k++) {
		before = h->json_text(h->json_at(list, k));
		if (before.len == text.len && memcmp(before.ptr, text.ptr, text.len) == 0)
			return 1;
	}
	return 0;
}

static ab_status
cross_config(struct rest *r, const struct rest_stream *s, const struct rest_list *list,
    const struct slices *slices, struct slices *out)
{
	struct ab_host *h = r->host;
	const struct ab_json *value = rest_at(h, h->config(h), list->key);
	struct text member = {0};
	int is_array = h->json_type(value) == AB_ARRAY;
	size_t n = is_array ? h->json_len(value) : 1;

	if (h->json_type(value) == AB_NULL || h->json_type(value) == AB_OBJECT)
		return ab_failf(h, AB_ECONFIG, "%s: the config has no list of values at %s",
		    s->name, list->key);
	for (size_t i = 0; i < n && !member.failed; i++) {
		if (is_array && stands_before(h, value, i))
			continue;
		member.len = 0;
		slices_member(&member, list->as, h, is_array ? h->json_at(value, i) : value);
		if (!member.failed)
			cross(slices, member.ptr, out);
	}
	out->list.failed |= member.failed;
	text_fini(&member);
	return AB_OK;
}

static ab_status
cross_list(struct rest *r, const struct rest_stream *s, const struct rest_list *list,
    const struct slices *slices, struct slices *out)
{
	struct text member = {0};

	if (list->values == NULL)
		return cross_config(r, s, list, slices, out);
	for (const char *const *v = list->values; *v != NULL && !member.failed; v++) {
		member.len = 0;
		text_add_quoted(&member, list->as, strlen(list->as));
		text_adds(&member, ": ");
		text_add_quoted(&member, *v, strlen(*v));
		if (!member.failed)
			cross(slices, member.ptr, out);
	}
	out->list.failed |= member.failed;
	text_fini(&member);
	return AB_OK;
}

static ab_status
cross_lists(struct rest *r, const struct rest_stream *s, struct slices *slices)
{
	ab_status rc = AB_OK;

	for (int i = 0; i < 3 && rc == AB_OK && s->lists[i].as != NULL; i++) {
		struct slices out = {.n = 0};

		rc = cross_list(r, s, &s->lists[i], slices, &out);
		if (rc == AB_OK && out.list.failed)
			rc = request_no_memory(r);
		text_fini(&slices->list);
		slices->list = out.list;
		slices->n = out.n;
	}
	return rc;
}

/* A page of the partitions of s; child: the stream whose partitions are asked for in the end. */
ab_status
slices_list(struct rest *r, const struct rest_stream *child, const struct rest_stream *s,
    const struct ab_read *read, const char *token, struct slices *out)
{
	ab_status rc = AB_OK;

	if (s->parent.stream != NULL)
		rc = parents_list(r, child, s, read, token, out);
	else
		slices_add(out, "", "");
	if (rc == AB_OK)
		rc = cross_lists(r, s, out);
	return rc == AB_OK && (out->list.failed || out->next.failed) ? request_no_memory(r) : rc;
}

static ab_status
emit_slices(struct rest *r, const struct slices *slices, struct ab_page *out)
{
	struct text all = {0};
	const char *p = slices->list.ptr;
	ab_status rc = AB_OK;

	for (size_t i = 0; i < slices->n; i++, p += strlen(p) + 1) {
		text_adds(&all, i == 0 ? "[{" : ", {");
		text_adds(&all, p);
		text_adds(&all, "}");
	}
	text_adds(&all, "]");
	if (all.failed)
		rc = request_no_memory(r);
	else if (slices->n > 0)
		rc = r->host->emit_text(out, (struct ab_str){all.ptr, all.len});
	if (rc == AB_OK && slices->next.len > 0)
		rc = r->host->next(out, slices->next.ptr);
	text_fini(&all);
	return rc;
}

static ab_status
emit_windows(
    struct rest *r, const struct rest_stream *s, const struct ab_read *read, struct ab_page *out)
{
	struct fetch f = {.rest = r, .h = r->host, .s = s, .read = read, .token = read->token};
	struct text list = {0}, next = {0};
	ab_status rc = span_list(&f, &list, &next);

	if (rc == AB_OK && list.len > 0)
		rc = r->host->emit_text(out, (struct ab_str){list.ptr, list.len});
	if (rc == AB_OK && next.len > 0)
		rc = r->host->next(out, next.ptr);
	text_fini(&list);
	text_fini(&next);
	return rc;
}

ab_status
rest_partition_stream(
    struct rest *r, const struct rest_stream *s, const struct ab_read *read, struct ab_page *out)
{
	struct slices slices = {.n = 0};
	ab_status rc;

	if (!partition_has(s))
		return r->host->emit(out, NULL);
	if (is_windows(s))
		return emit_windows(r, s, read, out);
	if (read->token == NULL)
		parents_forget(r, s);
	rc = slices_list(r, s, s, read, read->token != NULL ? read->token : "", &slices);
	if (rc == AB_OK)
		rc = emit_slices(r, &slices, out);
	slices_fini(&slices);
	return rc;
}
