/* My API: bearer key, health, and every list in six styles of paging.
 *
 *     /v1/health
 *     /v1/export?lines=N     JSON lines, made as they are sent
 *     /v1/NAME               cursor paging (users, events)
 *     /v1/lists              the names and counts of what --lists loaded;  /v1/lists/NAME
 *     /v1/by-page/NAME, by-offset, by-link, by-next, by-last
 *     other ways to ask for them: ways.c
 *     /v1/moved/...          the same again, for redirects
 *     /v1/oauth/token, /v1/login    tokens (oauth.h) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

static const struct fault no_fault = {.kind = FAULT_NONE};

static const char *
query_value(const struct exchange *x, const char *name)
{
	return MHD_lookup_connection_value(x->connection, MHD_GET_ARGUMENT_KIND, name);
}

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static enum MHD_Result
reply_error(struct exchange *x, unsigned status, const char *code, const char *message,
    const struct fault *f)
{
	char text[512];

	snprintf(
	    text, sizeof(text), "{\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}", code, message);
	return reply_text(x, status, "application/json", text, f);
}

/* The key as a bearer token, in a header of its own, in the query or as the user of basic auth. */
static int
is_authorized(const struct exchange *x)
{
	const char *key = x->server->key, *bearer, *header, *query = query_value(x, "api_key");
	char *password = NULL, *user;
	int ok;

	bearer = MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, "Authorization");
	header = MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, "X-Api-Key");
	if (bearer != NULL && strncmp(bearer, "Bearer ", 7) == 0)
		return strcmp(bearer + 7, key) == 0 || oauth_takes(&x->server->oauth, bearer + 7);
	if (header != NULL || query != NULL)
		return strcmp(header != NULL ? header : query, key) == 0;
	user = MHD_basic_auth_get_username_password(x->connection, &password);
	ok = user != NULL && strcmp(user, key) == 0;
	MHD_free(user);
	MHD_free(password);
	return ok;
}

static enum MHD_Result
reply_status(struct exchange *x, const struct fault *f)
{
	switch (f->number) {
	case 401:
		return reply_error(x, 401, "unauthorized", "The API key is not valid", f);
	case 403:
		return reply_error(x, 403, "forbidden", "This key may not read that", f);
	case 404:
		return reply_error(x, 404, "not_found", "There is no such thing", f);
	case 429:
		return reply_error(x, 429, "rate_limited", "Too many requests", f);
	default:
		return reply_error(x,
		    f->number < 200 || f->number > 599 ? 500 : (unsigned)f->number, "fault",
		    "Something went wrong on our side", f);
	}
}

static enum MHD_Result
reply_redirect(struct exchange *x, const struct fault *f)
{
	struct fault to = *f;
	char location[2048];

	snprintf(location, sizeof(location), "%s%s", f->text == NULL ? "" : f->text, x->target + 3);
	to.text = location;
	return reply_text(x, 302, "text/plain", "moved", &to);
}

/* Faults that answer by themselves; -1 where the page must be made. */
static int
reply_fault(struct exchange *x, const struct fault *f)
{
	switch (f->kind) {
	case FAULT_STATUS:
		return (int)reply_status(x, f);
	case FAULT_STALE:
		return (int)reply_error(
		    x, 410, "cursor_expired", "The cursor is no longer valid", f);
	case FAULT_HTML:
		return (int)reply_text(x, 200, "text/html",
		    "<!DOCTYPE html>\n<html><head><title>Log in</title></head>"
		    "<body><h1>Please log in</h1></body></html>\n",
		    f);
	case FAULT_TEXT:
		return (int)reply_text(
		    x, 200, "application/json", f->text == NULL ? "" : f->text, f);
	case FAULT_REDIRECT:
		return (int)reply_redirect(x, f);
	case FAULT_LONG:
	case FAULT_ENDLESS:
	case FAULT_BOMB:
		return (int)endless_fault(x, f);
	default:
		return -1;
	}
}

static enum MHD_Result
reply_catalog(struct exchange *x)
{
	struct store *s = &x->server->store;
	struct buf b;
	const char *comma = "";
	enum MHD_Result rc;

	buf_init(&b, 1 << 20);
	buf_adds(&b, "{\"data\":[");
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->nlists; i++) {
		if (strncmp(s->lists[i].name, "lists/", 6) != 0)
			continue;
		buf_addf(&b, "%s{\"name\":\"%s\",\"count\":%zu}", comma, s->lists[i].name + 6,
		    s->lists[i].count);
		comma = ",";
	}
	pthread_mutex_unlock(&s->lock);
	buf_adds(&b, "],\"nextCursor\":null}");
	rc = reply_text(x, 200, "application/json", buf_str(&b), &no_fault);
	buf_fini(&b);
	return rc;
}

/* Cuts "by-page/" and so on off the path. */
static enum page_style
take_style(const char **path)
{
	static const char *const prefixes[] = {
	    [PAGE_CURSOR] = "by-cursor/",
	    [PAGE_NUMBER] = "by-page/",
	    [PAGE_OFFSET] = "by-offset/",
	    [PAGE_LINK] = "by-link/",
	    [PAGE_NEXT] = "by-next/",
	    [PAGE_LAST] = "by-last/",
	};

	for (int i = 0; i <= PAGE_LAST; i++)
		if (strncmp(*path, prefixes[i], strlen(prefixes[i])) == 0) {
			*path += strlen(prefixes[i]);
			return (enum page_style)i;
		}
	return PAGE_CURSOR;
}

static enum MHD_Result
reply_list(struct exchange *x, struct store_list *l, enum page_style style, const struct fault *f)
{
	struct page_query q = {style, query_value(x, "cursor"), query_value(x, "page"),
	    query_value(x, "offset"), query_value(x, "starting_after"),
	    query_value(x, "updated_after"), query_value(x, "limit"), NULL, x->server->limit_max};
	const char *host = MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, "Host");
	struct page *p = malloc(sizeof(*p));
	char url[1024];

	if (p == NULL)
		return MHD_NO;
	snprintf(url, sizeof(url), "http://%s%s", host == NULL ? "" : host, x->path);
	q.url = url;
	page_init(p);
	return reply_page(x, p, (unsigned)page_build(p, &x->server->store, l, &q, f), f);
}

/* -1: it is no request for a token. */
static int
reply_token(struct exchange *x, const char *path, const struct fault *f)
{
	int is_login = strcmp(path, "login") == 0;
	struct buf out;
	unsigned status;
	enum MHD_Result rc;

	if (!is_login && strcmp(path, "oauth/token") != 0)
		return -1;
	buf_init(&out, 4096);
	status = is_login ? oauth_login(&x->server->oauth, x->server->key, buf_str(&x->body), &out)
			  : oauth_token(&x->server->oauth, x->server->key, buf_str(&x->body), &out);
	rc = reply_text(x, status, "application/json", buf_str(&out), f);
	buf_fini(&out);
	return (int)rc;
}

enum MHD_Result
api_answer(struct exchange *x)
{
	const char *path = x->path + 4;
	enum page_style style;
	struct store_list *l;
	struct fault f;
	enum MHD_Result way;
	int rc;

	if (strncmp(x->path, "/v1/", 4) != 0)
		return reply_error(x, 404, "not_found", "There is no such thing", &no_fault);
	f = fault_plan_pick(&x->server->faults, x->path, query_value(x, "cursor") != NULL);
	rc = reply_fault(x, &f);
	if (rc != -1)
		return (enum MHD_Result)rc;
	rc = reply_token(x, path, &f);
	if (rc != -1)
		return (enum MHD_Result)rc;
	if (!is_authorized(x))
		return reply_error(x, 401, "unauthorized", "The API key is not valid", &no_fault);
	if (ways_answer(x, path, &f, &way))
		return way;
	if (strcmp(x->method, "GET") != 0)
		return reply_error(x, 405, "method_not_allowed", "Only GET", &no_fault);
	if (strncmp(path, "moved/", 6) == 0)
		path += 6;
	if (strcmp(path, "health") == 0)
		return reply_text(x, 200, "application/json", "{\"status\":\"ok\"}", &f);
	if (strcmp(path, "lists") == 0)
		return reply_catalog(x);
	if (strcmp(path, "export") == 0)
		return endless_export(x, strtoull(or_empty(query_value(x, "lines")), NULL, 10));
	style = take_style(&path);
	l = store_find(&x->server->store, path, strlen(path));
	if (l == NULL)
		return reply_error(x, 404, "not_found", "There is no such thing", &no_fault);
	return reply_list(x, l, style, &f);
}
