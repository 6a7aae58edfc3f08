/* kit_host.c - see kit_host.h. */
#include "kit_host.h"

#include <stdlib.h>
#include <strings.h>

#include "suite.h"

int fake_memory = -1;

void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

static int
has_memory(void)
{
	return fake_memory < 0 || (fake_memory > 0 && fake_memory-- > 0);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return has_memory() ? __real_calloc(n, size) : NULL;
}

void *
__wrap_realloc(void *old, size_t size)
{
	return has_memory() ? __real_realloc(old, size) : NULL;
}

char *
__wrap_strdup(const char *text)
{
	return has_memory() ? __real_strdup(text) : NULL;
}

static struct fake *
fake_of(struct ab_host *h)
{
	return h->priv;
}

static void
log_last(struct ab_host *h, int level, const char *text)
{
	struct fake *f = h->priv;

	(void)level;
	snprintf(f->logged, sizeof(f->logged), "%s", text);
}

static ab_status
fail_call(struct ab_host *h, ab_status status, const char *why)
{
	struct fake *f = fake_of(h);

	if (f->failed == AB_OK) {
		f->failed = status;
		snprintf(f->why, sizeof(f->why), "%s", why);
	}
	return status;
}

static int64_t
now(struct ab_host *h)
{
	return fake_of(h)->now;
}

static const struct ab_json *
config(struct ab_host *h)
{
	return fake_of(h)->config;
}

static ab_status
endpoint(struct ab_host *h, const char *json)
{
	free(fake_of(h)->endpoint);
	fake_of(h)->endpoint = strdup(json);
	return fake_of(h)->endpoint != NULL ? AB_OK : AB_ENOMEM;
}

/* Writes down what was asked; the parameters go to params as well. */
static void
note_request(struct fake *f, const struct ab_request *r, struct buf *params)
{
	for (const char *const *p = r->params; p != NULL && p[0] != NULL; p += 2)
		if (p[1] != NULL)
			buf_addf(params, "%s%s=%s", params->len > 0 ? "&" : "", p[0], p[1]);
	if (r->method != NULL)
		buf_addf(&f->requests, "%s ", r->method);
	buf_addf(&f->requests, "%s?%s\n", r->url, buf_str(params));
	for (const char *const *p = r->headers; p != NULL && p[0] != NULL; p += 2)
		buf_addf(&f->requests, "%s: %s\n", p[0], p[1]);
	buf_reset(&f->sent);
	buf_reset(&f->options);
	if (r->body.ptr != NULL) {
		buf_add(&f->sent, r->body.ptr, r->body.len);
		buf_addf(&f->requests, "%s\n", buf_str(&f->sent));
	}
	if (r->options != NULL)
		buf_adds(&f->options, r->options);
}

static ab_status
http(struct ab_host *h, const struct ab_request *r, const struct ab_response **out)
{
	struct fake *f = fake_of(h);
	struct buf params;
	char status[8];

	buf_init(&params, 1 << 16);
	note_request(f, r, &params);
	buf_reset(&f->response.body);
	f->response.status = 200;
	f->response.link = f->response.header = NULL;
	f->response.read_at = 0;
	f->answer(f, r->url, buf_str(&params), &f->response);
	buf_fini(&params);
	snprintf(status, sizeof(status), "%d", f->response.status);
	if (f->response.status >= 400 && (r->options == NULL || strstr(r->options, status) == NULL))
		return fail_call(h, AB_EDATA, status);
	*out = &f->response;
	return AB_OK;
}

static int
http_status(const struct ab_response *r)
{
	return r->status;
}

static const char *
http_header(const struct ab_response *r, const char *name)
{
	if (r->header != NULL && strcasecmp(name, r->header) == 0)
		return r->value;
	return strcmp(name, "Link") == 0 ? r->link : NULL;
}

static struct ab_str
http_body(const struct ab_response *r)
{
	return (struct ab_str){buf_str(&r->body), r->body.len};
}

static ab_status
http_read(const struct ab_response *response, struct ab_str *chunk)
{
	struct ab_response *r = (struct ab_response *)(uintptr_t)response;
	size_t left = r->body.len - r->read_at,
	       n = r->chunk != 0 && r->chunk < left ? r->chunk : left;

	*chunk = (struct ab_str){buf_str(&r->body) + r->read_at, n};
	r->read_at += n;
	return AB_OK;
}

static void
http_done(const struct ab_response *r)
{
	(void)r;
}

static const struct ab_json *
http_json(const struct ab_response *r)
{
	struct fake *f = (struct fake *)((char *)(uintptr_t)r - offsetof(struct fake, response));

	return view_parse(&f->views, buf_str(&r->body), r->body.len, "the answer");
}

static const struct ab_json *
json_parse(struct ab_host *h, struct ab_str text)
{
	return view_parse(&fake_of(h)->views, text.ptr, text.len, "the text");
}

static ab_status
add_stream(struct ab_catalog *c, const char *json)
{
	return buf_addf(&((struct fake *)c)->streams, "%s\n", json) == 0 ? AB_OK : AB_ENOMEM;
}

static ab_status
emit(struct ab_page *p, const struct ab_json *value)
{
	struct fake *f = (struct fake *)p;
	struct ab_str text = view_text(value); /* a NULL one is null */

	return buf_addf(&f->records, "%.*s\n", (int)text.len, text.ptr) == 0 ? AB_OK : AB_ENOMEM;
}

static ab_status
emit_text(struct ab_page *p, struct ab_str text)
{
	struct fake *f = (struct fake *)p;

	return buf_addf(&f->records, "%.*s\n", (int)text.len, text.ptr) == 0 ? AB_OK : AB_ENOMEM;
}

static ab_status
about(struct ab_page *p, const char *json)
{
	struct fake *f = (struct fake *)p;

	buf_reset(&f->about);
	return json == NULL || buf_adds(&f->about, json) == 0 ? AB_OK : AB_ENOMEM;
}

static ab_status
next(struct ab_page *p, const char *token)
{
	struct fake *f = (struct fake *)p;

	free(f->token);
	f->token = token == NULL ? NULL : strdup(token);
	return token == NULL || f->token != NULL ? AB_OK : AB_ENOMEM;
}

void
fake_init(struct fake *f, const char *text)
{
	memset(f, 0, sizeof(*f));
	f->host = (struct ab_host){.size = sizeof(f->host),
	    .abi = AB_ABI,
	    .priv = f,
	    .log = log_last,
	    .fail = fail_call,
	    .now = now,
	    .http_done = http_done,
	    .config = config,
	    .endpoint = endpoint,
	    .http = http,
	    .http_status = http_status,
	    .http_header = http_header,
	    .http_body = http_body,
	    .http_json = http_json,
	    .json_parse = json_parse,
	    .json_get = view_get,
	    .json_at = view_at,
	    .json_key = view_key,
	    .json_len = view_len,
	    .json_type = view_type,
	    .json_int = view_int,
	    .json_real = view_real,
	    .json_str = view_str,
	    .json_text = view_text,
	    .add_stream = add_stream,
	    .emit = emit,
	    .emit_text = emit_text,
	    .about = about,
	    .http_read = http_read,
	    .next = next};
	view_root_init(&f->views, 16 << 20);
	buf_init(&f->response.body, 128u << 20);
	buf_init(&f->requests, 1 << 20);
	buf_init(&f->records, 16 << 20);
	buf_init(&f->streams, 1 << 20);
	buf_init(&f->sent, 1 << 20);
	buf_init(&f->options, 1 << 20);
	buf_init(&f->about, 1 << 20);
	f->config = fake_json(f, text);
	f->now = INT64_C(1704067200000000); /* 2024-01-01T00:00:00Z */
}

const struct ab_json *
fake_json(struct fake *f, const char *text)
{
	return view_parse(&f->views, text, strlen(text), "a text of the test");
}

void
fake_reset(struct fake *f)
{
	buf_reset(&f->requests);
	buf_reset(&f->records);
	buf_reset(&f->streams);
	buf_reset(&f->about);
	next(FAKE_PAGE(f), NULL);
	f->failed = AB_OK;
	f->why[0] = '\0';
}

void
fake_fini(struct fake *f)
{
	free(f->token);
	free(f->endpoint);
	buf_fini(&f->response.body);
	buf_fini(&f->requests);
	buf_fini(&f->records);
	buf_fini(&f->streams);
	buf_fini(&f->sent);
	buf_fini(&f->options);
	buf_fini(&f->about);
	view_root_fini(&f->views);
}

struct rest *
fake_open(struct fake *f, const struct rest_stream *streams)
{
	static const struct rest_api none = {
	    .endpoint = AB_JSON({"base_url" : "https://api.example.com/v1/"})};
	void *self = NULL;

	f->api = none;
	f->api.streams = streams;
	ck_assert_msg(rest_open(&f->host, &f->api, &self) == AB_OK, "%s", f->why);
	return self;
}

static void
answer_canned(struct fake *f, const char *url, const char *params, struct ab_response *out)
{
	const struct canned *c = f->ctx;

	(void)url;
	(void)params;
	out->status = c->status;
	out->link = c->link;
	out->header = c->header;
	out->value = c->value;
	buf_adds(&out->body, c->body);
}

ab_status
fake_read(struct fake *f, const struct rest_stream *s, struct canned c, const char *state,
    const char *token)
{
	struct rest *r;
	struct ab_read read = {.size = sizeof(read), .stream = s->name, .token = token};
	ab_status rc;

	f->answer = answer_canned;
	f->ctx = &c;
	fake_reset(f);
	r = fake_open(f, NULL);
	read.state = state == NULL ? NULL : fake_json(f, state);
	read.partition = f->partition == NULL ? NULL : fake_json(f, f->partition);
	rc = rest_read_stream(r, s, &read, FAKE_PAGE(f));
	rest_close(r);
	return rc;
}

void
fake_asks(struct fake *f, const struct rest_stream *s, struct canned c, const char *state,
    const char *token, const char *requests)
{
	ck_assert_msg(fake_read(f, s, c, state, token) == AB_OK, "%s", f->why);
	ck_assert_str_eq(buf_str(&f->requests), requests);
}
