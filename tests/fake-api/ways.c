/* The same lists in the ways of other APIs; tests/whole/cookbook.py reads them all.
 *
 *     GET  by-header/NAME?limit&cursor   a bare array; X-Next-Cursor and X-Total-Count
 *     POST search/NAME                   {"page": {"limit", "cursor"}, "filter": {"updated_after"}}, or the same
 *                                        names as a form: limit, cursor, updated_after
 *     POST graphql                       {"query": "... NAME(...) ...", "variables": {"first", "after"}}: Relay edges
 *     GET  window/NAME?from&to&offset    updated_at in [from, to], which are needed; {"data": [], "total": N}
 *     GET  feed/NAME?page                newest first, pages of 50 from 0 on; {"items": [], "isLast": false}
 *     GET  lines/NAME                    all of it as JSON Lines
 *     GET  map/NAME                      all of it as {"data": {"k1": {...}, ...}}
 *     GET  users/ID/orders?page          ID % 4 orders of a user, one a page; 404 where ID % 4 is 0
 *     GET  orders/ID/lines               two lines of an order */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server.h"

#define BODY_MAX ((size_t)1 << 30)

/* What is asked for, wherever it stood. */
struct ask {
	json_t *body;
	char form[3][128]; /* limit, cursor, updated_after */
	const char *limit, *cursor, *updated_after;
	char number[32];
};

static const char *
query_value(const struct exchange *x, const char *name)
{
	return MHD_lookup_connection_value(x->connection, MHD_GET_ARGUMENT_KIND, name);
}

static const char *
json_text(struct ask *a, json_t *v)
{
	if (!json_is_integer(v))
		return json_string_value(v);
	snprintf(a->number, sizeof(a->number), "%lld", (long long)json_integer_value(v));
	return a->number;
}

static void
read_form(struct ask *a, const char *body)
{
	static const char *const names[] = {"limit=", "cursor=", "updated_after="};
	const char **to[] = {&a->limit, &a->cursor, &a->updated_after};

	for (const char *p = body; *p != '\0'; p += strcspn(p, "&"), p += *p == '&')
		for (int i = 0; i < 3; i++)
			if (strncmp(p, names[i], strlen(names[i])) == 0) {
				snprintf(a->form[i], sizeof(a->form[i]), "%.*s",
				    (int)strcspn(p + strlen(names[i]), "&"), p + strlen(names[i]));
				MHD_http_unescape(a->form[i]);
				*to[i] = a->form[i];
			}
}

static void
ask_read(struct ask *a, struct exchange *x)
{
	json_t *page, *variables;

	memset(a, 0, sizeof(*a));
	a->body = json_loadb(x->body.ptr != NULL ? x->body.ptr : "", x->body.len, 0, NULL);
	page = json_object_get(a->body, "page");
	variables = json_object_get(a->body, "variables");
	a->limit = query_value(x, "limit");
	a->cursor = query_value(x, "cursor");
	if (variables != NULL) {
		a->limit = json_text(a, json_object_get(variables, "first"));
		a->cursor = json_string_value(json_object_get(variables, "after"));
	} else if (a->body != NULL) {
		a->limit = json_text(a, json_object_get(page, "limit"));
		a->cursor = json_string_value(json_object_get(page, "cursor"));
		a->updated_after = json_string_value(
		    json_object_get(json_object_get(a->body, "filter"), "updated_after"));
	} else if (x->body.len > 0) {
		read_form(a, buf_str(&x->body));
	}
}

/* Records of a list, in its order or backwards. */
struct pick {
	const struct store_list *list;
	int64_t from_us, to_us;
	size_t skip, limit;
	int backwards;
	const char *before, *after; /* around each record */
};

/* Adds them with commas; how many fit the interval in all. */
static size_t
pick_records(const struct pick *k, struct buf *out)
{
	const struct store_list *l = k->list;
	size_t seen = 0;

	for (size_t i = 0; i < l->count; i++) {
		const struct store_record *r = &l->records[k->backwards ? l->count - 1 - i : i];

		if (r->bytes == NULL || r->updated_us < k->from_us || r->updated_us > k->to_us)
			continue;
		if (seen >= k->skip && seen < k->skip + k->limit) {
			buf_adds(out, seen > k->skip ? "," : "");
			buf_adds(out, k->before);
			buf_add(out, r->bytes, r->len);
			buf_adds(out, k->after);
		}
		seen++;
	}
	return seen;
}

static enum MHD_Result
send_json(
    struct exchange *x, struct buf *body, const char *next, size_t total, const struct fault *f)
{
	struct page *p = malloc(sizeof(*p));
	char number[32];

	if (p == NULL)
		return MHD_NO;
	page_init(p);
	if (page_set_text(p, buf_str(body), body->len) == -1) {
		page_fini(p);
		free(p);
		return MHD_NO;
	}
	snprintf(number, sizeof(number), "%zu", total);
	p->total = strdup(number);
	p->next = next == NULL ? NULL : strdup(next);
	return reply_page(x, p, 200, f);
}

static enum MHD_Result
refuse(struct exchange *x, unsigned status, const char *why, const struct fault *f)
{
	char text[256];

	snprintf(text, sizeof(text), "{\"error\":{\"message\":\"%s\"}}", why);
	return reply_text(x, status, "application/json", text, f);
}

static size_t
number_of(const char *text, size_t fallback)
{
	return text == NULL || *text == '\0' ? fallback : strtoul(text, NULL, 10);
}

/* Cursors are "at:N".  What comes behind this page, or NULL. */
static const char *
next_cursor(const struct pick *k, size_t total, char out[32])
{
	if (k->skip + k->limit >= total)
		return NULL;
	snprintf(out, 32, "at:%zu", k->skip + k->limit);
	return out;
}

static int
set_page(struct pick *k, const struct ask *a)
{
	if (a->cursor != NULL && *a->cursor != '\0') {
		if (strncmp(a->cursor, "at:", 3) != 0)
			return -1;
		k->skip = number_of(a->cursor + 3, 0);
	}
	k->limit = number_of(a->limit, 100);
	if (a->updated_after != NULL)
		return clock_parse(a->updated_after, strlen(a->updated_after), &k->from_us);
	return 0;
}

static enum MHD_Result
by_header(struct exchange *x, struct pick *k, const struct ask *a, const struct fault *f)
{
	struct buf b;
	char next[32] = "";
	size_t total;
	enum MHD_Result rc;

	if (set_page(k, a) == -1)
		return refuse(x, 400, "bad cursor", f);
	buf_init(&b, BODY_MAX);
	buf_adds(&b, "[");
	total = pick_records(k, &b);
	buf_adds(&b, "]");
	rc = send_json(x, &b, next_cursor(k, total, next), total, f);
	buf_fini(&b);
	return rc;
}

static enum MHD_Result
search(struct exchange *x, struct pick *k, const struct ask *a, const struct fault *f)
{
	struct buf b;
	char next[32] = "";
	const char *cursor;
	size_t total;
	enum MHD_Result rc;

	if (set_page(k, a) == -1)
		return refuse(x, 400, "bad cursor or time", f);
	buf_init(&b, BODY_MAX);
	buf_adds(&b, "{\"results\":[");
	total = pick_records(k, &b);
	cursor = next_cursor(k, total, next);
	buf_addf(&b, "],\"page\":{\"next\":\"%s\",\"has_more\":%s}}", cursor ? cursor : next,
	    cursor ? "true" : "false");
	rc = send_json(x, &b, NULL, total, f);
	buf_fini(&b);
	return rc;
}

static enum MHD_Result
graphql(struct exchange *x, struct pick *k, const struct ask *a, const struct fault *f)
{
	struct buf b;
	char next[32] = "";
	const char *cursor;
	size_t total;
	enum MHD_Result rc;

	if (set_page(k, a) == -1)
		return refuse(x, 400, "bad cursor", f);
	k->before = "{\"node\":";
	k->after = "}";
	buf_init(&b, BODY_MAX);
	buf_addf(&b, "{\"data\":{\"%s\":{\"edges\":[", k->list->name);
	total = pick_records(k, &b);
	cursor = next_cursor(k, total, next);
	buf_addf(&b, "],\"pageInfo\":{\"endCursor\":\"at:%zu\",\"hasNextPage\":%s}}}}",
	    cursor ? k->skip + k->limit : total, cursor ? "true" : "false");
	rc = send_json(x, &b, NULL, total, f);
	buf_fini(&b);
	return rc;
}

static enum MHD_Result
window(struct exchange *x, struct pick *k, const struct fault *f)
{
	const char *from = query_value(x, "from"), *to = query_value(x, "to");
	struct buf b;
	size_t total;
	enum MHD_Result rc;

	if (from == NULL || to == NULL || clock_parse(from, strlen(from), &k->from_us) == -1 ||
	    clock_parse(to, strlen(to), &k->to_us) == -1)
		return refuse(x, 400, "from and to are needed", f);
	k->skip = number_of(query_value(x, "offset"), 0);
	k->limit = 50;
	buf_init(&b, BODY_MAX);
	buf_adds(&b, "{\"data\":[");
	total = pick_records(k, &b);
	buf_addf(&b, "],\"total\":%zu}", total);
	rc = send_json(x, &b, NULL, total, f);
	buf_fini(&b);
	return rc;
}

static enum MHD_Result
feed(struct exchange *x, struct pick *k, const struct fault *f)
{
	struct buf b;
	size_t total;
	enum MHD_Result rc;

	k->limit = 50;
	k->skip = 50 * number_of(query_value(x, "page"), 0);
	k->backwards = 1;
	buf_init(&b, BODY_MAX);
	buf_adds(&b, "{\"items\":[");
	total = pick_records(k, &b);
	buf_addf(&b, "],\"isLast\":%s}", k->skip + 50 >= total ? "true" : "false");
	rc = send_json(x, &b, NULL, total, f);
	buf_fini(&b);
	return rc;
}

static enum MHD_Result
lines(struct exchange *x, struct pick *k, const struct fault *f)
{
	struct buf b;
	enum MHD_Result rc;

	buf_init(&b, BODY_MAX);
	for (size_t i = 0; i < k->list->count; i++)
		if (k->list->records[i].bytes != NULL) {
			buf_add(&b, k->list->records[i].bytes, k->list->records[i].len);
			buf_adds(&b, "\n");
		}
	rc = send_json(x, &b, NULL, k->list->count, f);
	buf_fini(&b);
	return rc;
}

static enum MHD_Result
map(struct exchange *x, struct pick *k, const struct fault *f)
{
	struct buf b;
	const char *comma = "";
	enum MHD_Result rc;

	buf_init(&b, BODY_MAX);
	buf_adds(&b, "{\"data\":{");
	for (size_t i = 0; i < k->list->count; i++)
		if (k->list->records[i].bytes != NULL) {
			buf_addf(&b, "%s\"k%u\":", comma, (unsigned)k->list->records[i].id);
			buf_add(&b, k->list->records[i].bytes, k->list->records[i].len);
			comma = ",";
		}
	buf_adds(&b, "}}");
	rc = send_json(x, &b, NULL, k->list->count, f);
	buf_fini(&b);
	return rc;
}

/* What hangs on a record: made of its id. */
static enum MHD_Result
children(struct exchange *x, const char *path, const struct fault *f)
{
	int is_order = strncmp(path, "orders/", 7) == 0;
	char *end;
	unsigned long id = strtoul(strchr(path, '/') + 1, &end, 10);
	unsigned long n = is_order ? 2 : id % 4, page = number_of(query_value(x, "page"), 1);
	unsigned long first = is_order ? 1 : page, last = is_order ? n : page;
	char text[512] = "{\"data\":[";

	if (strcmp(end, is_order ? "/lines" : "/orders") != 0 || n == 0)
		return refuse(x, 404, "there are none", f);
	for (unsigned long i = first; i <= last && i <= n; i++) {
		size_t at = strlen(text);

		snprintf(text + at, sizeof(text) - at, "%s{\"id\":%lu,\"n\":%lu}",
		    i > first ? "," : "", 10 * id + i, i);
	}
	strncat(text, "]}", sizeof(text) - strlen(text) - 1);
	return reply_text(x, 200, "application/json", text, f);
}

static enum MHD_Result
answer_list(struct exchange *x, const char *way, struct pick *k, const struct fault *f)
{
	struct ask ask;
	enum MHD_Result rc;

	ask_read(&ask, x);
	if (strcmp(way, "by-header/") == 0)
		rc = by_header(x, k, &ask, f);
	else if (strcmp(way, "search/") == 0)
		rc = search(x, k, &ask, f);
	else if (strcmp(way, "graphql") == 0)
		rc = graphql(x, k, &ask, f);
	else if (strcmp(way, "window/") == 0)
		rc = window(x, k, f);
	else if (strcmp(way, "feed/") == 0)
		rc = feed(x, k, f);
	else
		rc = strcmp(way, "lines/") == 0 ? lines(x, k, f) : map(x, k, f);
	json_decref(ask.body);
	return rc;
}

/* The list that a GraphQL query names first. */
static const struct store_list *
list_of_query(struct exchange *x)
{
	json_t *body = json_loadb(x->body.ptr != NULL ? x->body.ptr : "", x->body.len, 0, NULL);
	const char *query = json_string_value(json_object_get(body, "query"));
	const struct store_list *found = NULL;

	for (size_t i = 0; query != NULL && i < x->server->store.nlists && found == NULL; i++)
		if (strstr(query, x->server->store.lists[i].name) != NULL)
			found = &x->server->store.lists[i];
	json_decref(body);
	return found;
}

int
ways_answer(struct exchange *x, const char *path, const struct fault *f, enum MHD_Result *rc)
{
	static const char *const all[] = {
	    "by-header/", "search/", "graphql", "window/", "feed/", "lines/", "map/"};
	struct store *s = &x->server->store;
	struct pick k = {.from_us = INT64_MIN, .to_us = INT64_MAX, .before = "", .after = ""};
	size_t i = 0, n = sizeof(all) / sizeof(all[0]);

	if (strncmp(path, "users/", 6) == 0 || strncmp(path, "orders/", 7) == 0) {
		*rc = children(x, path, f);
		return 1;
	}
	while (i < n && strncmp(path, all[i], strlen(all[i])) != 0)
		i++;
	if (i == n)
		return 0;
	pthread_mutex_lock(&s->lock);
	k.limit = SIZE_MAX / 2;
	k.list = i == 2 ? list_of_query(x)
			: store_find(s, path + strlen(all[i]), strlen(path + strlen(all[i])));
	if (k.list == NULL || (strcmp(x->method, "POST") == 0) != (i == 1 || i == 2))
		*rc = refuse(x, 404, "There is no such thing", f);
	else
		*rc = answer_list(x, all[i], &k, f);
	pthread_mutex_unlock(&s->lock);
	return 1;
}
