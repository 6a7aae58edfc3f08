/* table.c - what an author may get wrong in a table, told when the connector is opened: stream and member by name. */
#include <stdlib.h>

#include "kit.h"

#define DEPTH_MAX 32 /* of parents */

struct check {
	struct rest *r;
	const struct rest_stream *s;
};

__attribute__((format(printf, 3, 4))) static ab_status
wrong(const struct check *c, const char *member, const char *format, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	return ab_failf(
	    c->r->host, AB_EBUG, "the table's stream \"%s\": %s: %s", c->s->name, member, why);
}

const struct rest_stream *
table_find(const struct rest *r, const char *name)
{
	const struct rest_stream *s = r->api->streams;

	while (s != NULL && s->name != NULL && strcmp(s->name, name) != 0)
		s++;
	return s == NULL || s->name == NULL ? NULL : s;
}

static const struct rest_stream *
parent_of(const struct check *c, const struct rest_stream *s)
{
	return s->parent.stream == NULL ? NULL : table_find(c->r, s->parent.stream);
}

static ab_status
check_parent(const struct check *c)
{
	const struct rest_stream *s = c->s, *up = parent_of(c, s);
	int depth = 0;

	if (s->parent.stream == NULL)
		return s->parent.changed || s->parent.field != NULL || s->parent.as != NULL
		    ? wrong(c, "parent.stream", "is missing")
		    : AB_OK;
	if (up == NULL)
		return wrong(c, "parent.stream", "there is no stream \"%s\"", s->parent.stream);
	for (; up != NULL; up = parent_of(c, up))
		if (up == s || ++depth > DEPTH_MAX)
			return wrong(c, "parent.stream", "its parents form a circle");
	up = parent_of(c, s);
	if (s->parent.changed && (s->cursor.field == NULL || up->cursor.field == NULL))
		return wrong(
		    c, "parent.changed", "needs a cursor.field here and in \"%s\"", up->name);
	return AB_OK;
}

static ab_status
check_lists(const struct check *c)
{
	const struct rest_list *l = c->s->lists;

	for (int i = 0; i < 3; i++) {
		if (l[i].as == NULL && (l[i].values != NULL || l[i].key != NULL))
			return wrong(c, "lists", "a list has no `as`");
		if (l[i].as != NULL && (l[i].values != NULL) == (l[i].key != NULL))
			return wrong(c, "lists", "%s needs either `values` or `key`", l[i].as);
		if (i > 0 && l[i].as != NULL && l[i - 1].as == NULL)
			return wrong(c, "lists", "%s stands behind an empty one", l[i].as);
	}
	return AB_OK;
}

/* How often the partition of s, of its own or of its parents, has this name. */
static int
count_name(const struct check *c, const struct rest_stream *s, const char *name, size_t n)
{
	struct text own = {0};
	int found = 0, depth = 0;

	for (; s != NULL && depth++ < DEPTH_MAX; s = parent_of(c, s)) {
		const char *const *extra = s->parent.extra;

		for (int i = 0; i < 3; i++)
			found += s->lists[i].as != NULL && strlen(s->lists[i].as) == n &&
			    memcmp(s->lists[i].as, name, n) == 0;
		if (s->parent.stream == NULL)
			continue;
		for (; extra != NULL && extra[0] != NULL && extra[1] != NULL; extra += 2)
			found += strlen(extra[0]) == n && memcmp(extra[0], name, n) == 0;
		own.len = 0;
		partition_name(&s->parent, &own);
		found += !own.failed && own.len == n && memcmp(own.ptr, name, n) == 0;
	}
	text_fini(&own);
	return found;
}

static ab_status
check_names(const struct check *c)
{
	struct text own = {0};
	const char *const *extra = c->s->parent.extra;
	const char *twice = NULL;
	ab_status rc = AB_OK;

	if (c->s->parent.stream != NULL) {
		partition_name(&c->s->parent, &own);
		if (own.failed)
			rc = request_no_memory(c->r);
		else if (count_name(c, c->s, own.ptr, own.len) > 1)
			twice = own.ptr;
	}
	for (int i = 0; i < 3; i++)
		if (c->s->lists[i].as != NULL &&
		    count_name(c, c->s, c->s->lists[i].as, strlen(c->s->lists[i].as)) > 1)
			twice = c->s->lists[i].as;
	for (; extra != NULL && extra[0] != NULL && twice == NULL; extra += 2)
		if (count_name(c, c->s, extra[0], strlen(extra[0])) > 1)
			twice = extra[0];
	if (rc == AB_OK && twice != NULL)
		rc = wrong(c, "partition", "%s names two things", twice);
	text_fini(&own);
	return rc;
}

static ab_status
check_duration(const struct check *c, const char *member, const char *text)
{
	struct duration d;

	if (text == NULL || strchr(text, '{') != NULL || duration_parse(text, &d) == 0)
		return AB_OK;
	return wrong(c, member, "\"%.64s\" is no ISO 8601 duration, such as P30D", text);
}

static ab_status
check_format(const struct check *c, const char *member, const char *text)
{
	return text == NULL || when_is_format(text)
	    ? AB_OK
	    : wrong(c, member, "\"%.64s\" has a directive that is not known", text);
}

static ab_status
check_cursor(const struct check *c)
{
	const struct rest_cursor *cursor = &c->s->cursor;
	ab_status rc = check_duration(c, "cursor.step", cursor->step);

	if (rc == AB_OK)
		rc = check_duration(c, "cursor.granularity", cursor->granularity);
	if (rc == AB_OK)
		rc = check_duration(c, "cursor.lookback", cursor->lookback);
	if (rc == AB_OK)
		rc = check_duration(c, "parent.lookback", c->s->parent.lookback);
	if (rc == AB_OK)
		rc = check_format(c, "cursor.format", cursor->format);
	if (rc == AB_OK)
		rc = check_format(c, "cursor.field_format", cursor->field_format);
	if (rc != AB_OK)
		return rc;
	if (cursor->field == NULL &&
	    (cursor->sorted || cursor->filter || cursor->feed || cursor->lookback != NULL))
		return wrong(c, "cursor.field", "is missing");
	if (cursor->step == NULL && cursor->granularity != NULL)
		return wrong(
		    c, "cursor.granularity", "is for windows, and there is no cursor.step");
	if (cursor->step != NULL && cursor->feed)
		return wrong(c, "cursor.feed", "windows are not newest first");
	if (cursor->step != NULL && cursor->start_key == NULL && cursor->start == NULL)
		return wrong(c, "cursor.start", "windows need a beginning");
	return AB_OK;
}

static int
has_token_in(const char *text)
{
	return text != NULL && strstr(text, "{token}") != NULL;
}

static int
has_token_in_list(const char *const *list)
{
	for (; list != NULL && list[0] != NULL && list[1] != NULL; list += 2)
		if (has_token_in(list[1]))
			return 1;
	return 0;
}

/* Does some template send the token? */
static int
has_token(const struct rest_stream *s)
{
	return has_token_in(s->url) || has_token_in(s->body.text) ||
	    has_token_in(s->body.variables) || has_token_in_list(s->params) ||
	    has_token_in_list(s->headers) || has_token_in_list(s->body.fields);
}

static int
is_header(const char *path)
{
	return path == NULL || strncmp(path, "header:", 7) == 0;
}

static ab_status
check_pager(const struct check *c)
{
	const struct rest_pager *p = &c->s->pager;
	int is_sent = p->kind == REST_CURSOR || p->kind == REST_PAGE || p->kind == REST_OFFSET ||
	    p->kind == REST_LAST_FIELD;

	if ((int)p->kind < REST_ONE_PAGE || p->kind > REST_LAST_FIELD)
		return wrong(c, "pager.kind", "%d is none", (int)p->kind);
	if (is_sent && p->param == NULL && p->place != REST_IN_PATH && !has_token(c->s))
		return wrong(c, "pager.param",
		    "is missing, and no template says {token}: no page but "
		    "the first could be asked for");
	if (p->from == NULL &&
	    (p->kind == REST_CURSOR || p->kind == REST_NEXT_URL || p->kind == REST_LAST_FIELD))
		return wrong(c, "pager.from", "is missing: where is the next page named?");
	if (p->pages != NULL && p->kind != REST_PAGE)
		return wrong(c, "pager.pages", "is for REST_PAGE");
	if (!c->s->lines)
		return AB_OK;
	if (p->kind == REST_LAST_FIELD)
		return wrong(c, "pager.kind", "REST_LAST_FIELD is not for `lines`");
	if ((p->kind != REST_LINK && !is_header(p->from)) || !is_header(p->more) ||
	    !is_header(p->done) || !is_header(p->total) || !is_header(p->pages))
		return wrong(c, "pager", "a body of `lines` has no paths; only \"header:NAME\"");
	return c->s->records == NULL ? AB_OK : wrong(c, "records", "is not for `lines`");
}

static ab_status
check_body(const struct check *c)
{
	const struct rest_stream *s = c->s;
	enum rest_body_kind kind = s->body.kind;
	int json = s->pager.place == REST_IN_JSON || s->size.place == REST_IN_JSON ||
	    s->cursor.place == REST_IN_JSON;
	int form = s->pager.place == REST_IN_FORM || s->size.place == REST_IN_FORM ||
	    s->cursor.place == REST_IN_FORM;

	if ((kind == REST_RAW || kind == REST_GRAPHQL || kind == REST_JSON) && s->body.text == NULL)
		return wrong(c, "body.text", "is missing");
	if (kind == REST_FORM && s->body.fields == NULL)
		return wrong(c, "body.fields", "is missing");
	if (json && (form || kind == REST_FORM || kind == REST_RAW))
		return wrong(c, "body", "it is not JSON, which something is REST_IN_JSON of");
	if (form && kind != REST_FORM && kind != REST_NO_BODY)
		return wrong(c, "body", "it is no form, which something is REST_IN_FORM of");
	if (s->size.param != NULL && s->size.key == NULL && s->size.value == 0)
		return wrong(c, "size", "has neither a key nor a value");
	return s->size.max > 0 && s->size.value > s->size.max
	    ? wrong(c, "size.value", "is greater than size.max")
	    : AB_OK;
}

/* The sentence about a key that no configuration has. */
static ab_status
no_key(struct rest *r, const char *where, const char *member, const char *key, struct text *keys)
{
	ab_status rc = keys->failed
	    ? request_no_memory(r)
	    : ab_failf(r->host, AB_EBUG, "%s: %s: the spec has no key \"%.128s\", only %.512s",
		  where, member, key, keys->len == 0 ? "none" : keys->ptr);

	text_fini(keys);
	return rc;
}

static ab_status
check_key(const struct check *c, const char *member, const char *key)
{
	struct text keys = {0}, where = {0};
	ab_status rc;

	if (key == NULL || spec_has(c->r->host, key, &keys))
		return AB_OK;
	text_adds(&where, "the table's stream \"");
	text_adds(&where, c->s->name);
	text_adds(&where, "\"");
	rc = where.failed ? request_no_memory(c->r) : no_key(c->r, where.ptr, member, key, &keys);
	text_fini(&where);
	return rc;
}

static ab_status
check_keys(const struct check *c)
{
	ab_status rc = check_key(c, "cursor.start_key", c->s->cursor.start_key);

	if (rc == AB_OK)
		rc = check_key(c, "cursor.end_key", c->s->cursor.end_key);
	if (rc == AB_OK)
		rc = check_key(c, "size.key", c->s->size.key);
	for (int i = 0; i < 3 && rc == AB_OK; i++)
		rc = check_key(c, "lists.key", c->s->lists[i].key);
	return rc;
}

/* {"config": "KEY"}, wherever it stands; but headers have names of their own. */
static ab_status
check_references(struct rest *r, const struct ab_json *v, int is_headers)
{
	struct ab_host *h = r->host;
	struct text keys = {0};
	ab_status rc = AB_OK;

	for (size_t i = 0, n = h->json_len(v); rc == AB_OK && i < n; i++) {
		const struct ab_json *one = h->json_at(v, i);
		int type = h->json_type(one);

		if (type == AB_OBJECT || type == AB_ARRAY)
			rc = check_references(r, one,
			    h->json_type(v) == AB_OBJECT &&
				strcmp(h->json_key(v, i).ptr, "headers") == 0);
		else if (!is_headers && type == AB_STRING && h->json_type(v) == AB_OBJECT &&
		    strcmp(h->json_key(v, i).ptr, "config") == 0 &&
		    !spec_has(h, h->json_str(one).ptr, &keys))
			rc = no_key(r, "the table", "endpoint", h->json_str(one).ptr, &keys);
	}
	return rc;
}

ab_status
table_check_endpoint(struct rest *r, const char *endpoint)
{
	const struct ab_json *v =
	    r->host->json_parse(r->host, (struct ab_str){endpoint, strlen(endpoint)});
	int type = r->host->json_type(v);

	return type == AB_OBJECT ? check_references(r, v, 0) : AB_OK;
}

/* A template's placeholder, between its braces. */
struct known_names {
	const struct check *c;
	const char *member;
};

static ab_status
check_placeholder(void *ctx, const char *name, size_t len, int is_known)
{
	const struct known_names *k = ctx;

	if (!is_known)
		return wrong(k->c, k->member, "nothing is called {%.*s}", (int)len, name);
	if (len > 7 && len < 256 && strncmp(name, "config.", 7) == 0) {
		char key[256];

		snprintf(key, sizeof(key), "%.*s", (int)(len - 7), name + 7);
		return check_key(k->c, k->member, key);
	}
	if (len <= 10 || strncmp(name, "partition.", 10) != 0 ||
	    count_name(k->c, k->c->s, name + 10, len - 10) > 0)
		return AB_OK;
	return wrong(k->c, k->member, "its partition has no \"%.*s\"", (int)(len - 10), name + 10);
}

static ab_status
check_template(const struct check *c, const char *member, const char *text)
{
	struct known_names k = {c, member};

	return text == NULL ? AB_OK : template_each(text, check_placeholder, &k);
}

static ab_status
check_list(const struct check *c, const char *member, const char *const *list)
{
	ab_status rc = AB_OK;

	for (; rc == AB_OK && list != NULL && list[0] != NULL; list += 2) {
		if (list[1] == NULL)
			return wrong(c, member, "%s has no value", list[0]);
		rc = check_template(c, member, list[1]);
	}
	return rc;
}

static ab_status
check_templates(const struct check *c)
{
	const struct rest_stream *s = c->s;
	ab_status rc = check_template(c, "url", s->url);

	if (rc == AB_OK)
		rc = check_list(c, "params", s->params);
	if (rc == AB_OK)
		rc = check_list(c, "headers", s->headers);
	if (rc == AB_OK && s->body.kind == REST_FORM)
		rc = check_list(c, "body.fields", s->body.fields);
	if (rc == AB_OK && s->body.kind == REST_JSON)
		rc = check_template(c, "body.text", s->body.text);
	if (rc == AB_OK)
		rc = check_template(c, "body.variables", s->body.variables);
	if (rc == AB_OK)
		rc = check_template(c, "constants", s->constants);
	return rc;
}

static ab_status
check_shape(const struct check *c)
{
	const struct rest_stream *s = c->s;

	for (const char *const *add = s->add; add != NULL && add[0] != NULL; add += 2)
		if (add[1] == NULL)
			return wrong(c, "add", "%s has no path", add[0]);
	for (const char *const *more = s->parent.extra; more != NULL && more[0] != NULL; more += 2)
		if (more[1] == NULL)
			return wrong(c, "parent.extra", "%s has no path", more[0]);
	if (s->only.field != NULL && s->only.is == NULL && s->only.is_not == NULL)
		return wrong(c, "only", "says neither `is` nor `is_not`");
	if (s->only.field == NULL && (s->only.is != NULL || s->only.is_not != NULL))
		return wrong(c, "only.field", "is missing");
	return s->key_as == NULL || path_is_wild(s->records)
	    ? AB_OK
	    : wrong(c, "key_as", "needs a \"*\" in `records`");
}

static ab_status
check_name(const struct check *c)
{
	if (c->s->name[0] == '\0')
		return wrong(c, "name", "is empty");
	return table_find(c->r, c->s->name) == c->s
	    ? AB_OK
	    : wrong(c, "name", "another stream has the same");
}

ab_status
table_check(struct rest *r)
{
	/* check_shape first: the others rely on pairs that are whole */
	static ab_status (*const all[])(const struct check *) = {check_shape, check_name,
	    check_parent, check_lists, check_names, check_cursor, check_pager, check_body,
	    check_keys, check_templates};
	ab_status rc = AB_OK;

	for (const struct rest_stream *s = r->api->streams;
	     rc == AB_OK && s != NULL && s->name != NULL; s++) {
		const struct check c = {r, s};

		for (size_t i = 0; rc == AB_OK && i < sizeof(all) / sizeof(all[0]); i++)
			rc = all[i](&c);
	}
	return rc;
}
