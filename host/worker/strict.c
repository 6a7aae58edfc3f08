/* strict.c - see strict.h.
 *
 * Wrong calls may come on any thread and at any time: what is found is kept for the whole process and told by the call
 * that ends next. */
#include "worker/strict.h"

#include <stdio.h>
#include <string.h>

#include "worker/guard.h"

#define LENT_MAX ((size_t)4 << 30)

static __thread struct hosted *running; /* whose call this thread is in */
static struct hosted *latest;		/* who was called last */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct error found = ERROR_INIT; /* under lock; the first one stays */

static void
wrong(const char *function, const char *how)
{
	pthread_mutex_lock(&lock);
	if (found.status == AB_OK)
		error_set(&found, AB_EBUG, "%s was called %s", function, how);
	pthread_mutex_unlock(&lock);
}

/* s: whose it is, NULL where that cannot be told.  1: this thread may. */
static int
may(const struct hosted *s, const char *function)
{
	char how[480], where[320];

	if (running != NULL && (s == NULL || s == running))
		return 1;
	if (running != NULL) {
		wrong(function, "with what belongs to another source");
		return 0;
	}
	if (s == NULL)
		s = __atomic_load_n(&latest, __ATOMIC_ACQUIRE);
	if (s == NULL || !__atomic_load_n(&s->is_called, __ATOMIC_ACQUIRE)) {
		wrong(function,
		    "outside of any call: it is marked [source], so it may be called inside of a "
		    "call of its source only, and on the thread of that call");
		return 0;
	}
	crumb_where(s->crumb, where, sizeof(where));
	snprintf(how, sizeof(how),
	    "on a thread of the connector's own while %s ran: it is marked [source], so it may be "
	    "called on the thread of that call only",
	    where);
	wrong(function, how);
	return 0;
}

static int
may_view(const struct ab_json *v, const char *function)
{
	const struct view_root *root = v == NULL ? NULL : view_root_of(v);

	if (!may(NULL, function))
		return 0;
	if (root == NULL || root == &running->root || root == &running->config_root)
		return 1;
	wrong(function, "with a view that belongs to another source");
	return 0;
}

static int
may_response(const struct ab_response *r, const char *function)
{
	return may(r == NULL ? NULL : r->hosted, function);
}

/* abi.h: open makes "no request yet", close makes none any more. */
static int
may_ask(const struct hosted *s, const char *function)
{
	const char *where = s->crumb->function;

	if (!may(s, function))
		return 0;
	if (strcmp(where, "open") == 0)
		wrong(function, "in open, which must make no request yet: check has the first one");
	else if (strcmp(where, "close") == 0)
		wrong(function, "in close, which must make no request any more");
	else
		return 1;
	return 0;
}

static struct hosted *
of(struct ab_host *h)
{
	return h->priv;
}

static ab_status
strict_fail(struct ab_host *h, ab_status status, const char *why)
{
	return may(of(h), "fail") ? running->host.fail(h, status, why) : AB_EBUG;
}

static const struct ab_json *
strict_config(struct ab_host *h)
{
	return may(of(h), "config") ? running->host.config(h) : NULL;
}

static ab_status
strict_endpoint(struct ab_host *h, const char *json)
{
	return may(of(h), "endpoint") ? running->host.endpoint(h, json) : AB_EBUG;
}

static ab_status
strict_wait(struct ab_host *h, int fd, int events, uint32_t ms)
{
	return may(of(h), "wait") ? running->host.wait(h, fd, events, ms) : AB_EBUG;
}

static ab_status
strict_http(struct ab_host *h, const struct ab_request *r, const struct ab_response **out)
{
	if (may_ask(of(h), "http"))
		return running->host.http(h, r, out);
	*out = NULL;
	return AB_EBUG;
}

static ab_status
strict_http_read(const struct ab_response *r, struct ab_str *chunk)
{
	if (may_response(r, "http_read"))
		return running->host.http_read(r, chunk);
	*chunk = (struct ab_str){"", 0};
	return AB_EBUG;
}

static void
strict_http_done(const struct ab_response *r)
{
	if (may_response(r, "http_done"))
		running->host.http_done(r);
}

static int
strict_http_status(const struct ab_response *r)
{
	return may_response(r, "http_status") ? running->host.http_status(r) : 0;
}

static const char *
strict_http_header(const struct ab_response *r, const char *name)
{
	return may_response(r, "http_header") ? running->host.http_header(r, name) : NULL;
}

static struct ab_str
strict_http_body(const struct ab_response *r)
{
	return may_response(r, "http_body") ? running->host.http_body(r) : (struct ab_str){"", 0};
}

static const struct ab_json *
strict_http_json(const struct ab_response *r)
{
	return may_response(r, "http_json") ? running->host.http_json(r) : NULL;
}

static const struct ab_json *
strict_json_parse(struct ab_host *h, struct ab_str text)
{
	return may(of(h), "json_parse") ? running->host.json_parse(h, text) : NULL;
}

static const struct ab_json *
strict_json_get(const struct ab_json *v, const char *key)
{
	return may_view(v, "json_get") ? running->host.json_get(v, key) : NULL;
}

static const struct ab_json *
strict_json_at(const struct ab_json *v, size_t i)
{
	return may_view(v, "json_at") ? running->host.json_at(v, i) : NULL;
}

static struct ab_str
strict_json_key(const struct ab_json *v, size_t i)
{
	return may_view(v, "json_key") ? running->host.json_key(v, i) : (struct ab_str){"", 0};
}

static size_t
strict_json_len(const struct ab_json *v)
{
	return may_view(v, "json_len") ? running->host.json_len(v) : 0;
}

static int
strict_json_type(const struct ab_json *v)
{
	return may_view(v, "json_type") ? running->host.json_type(v) : AB_NULL;
}

static int64_t
strict_json_int(const struct ab_json *v)
{
	return may_view(v, "json_int") ? running->host.json_int(v) : 0;
}

static double
strict_json_real(const struct ab_json *v)
{
	return may_view(v, "json_real") ? running->host.json_real(v) : 0;
}

static struct ab_str
strict_json_str(const struct ab_json *v)
{
	return may_view(v, "json_str") ? running->host.json_str(v) : (struct ab_str){"", 0};
}

static struct ab_str
strict_json_text(const struct ab_json *v)
{
	return may_view(v, "json_text") ? running->host.json_text(v) : (struct ab_str){"", 0};
}

static ab_status
strict_add_stream(struct ab_catalog *c, const char *json)
{
	return may(c->hosted, "add_stream") ? running->host.add_stream(c, json) : AB_EBUG;
}

static ab_status
strict_emit(struct ab_page *p, const struct ab_json *v)
{
	return may(p->hosted, "emit") && may_view(v, "emit") ? running->host.emit(p, v) : AB_EBUG;
}

static ab_status
strict_emit_text(struct ab_page *p, struct ab_str text)
{
	return may(p->hosted, "emit_text") ? running->host.emit_text(p, text) : AB_EBUG;
}

static ab_status
strict_about(struct ab_page *p, const char *json)
{
	return may(p->hosted, "about") ? running->host.about(p, json) : AB_EBUG;
}

static ab_status
strict_next(struct ab_page *p, const char *token)
{
	return may(p->hosted, "next") ? running->host.next(p, token) : AB_EBUG;
}

static ab_status
strict_set_state(struct ab_state *st, const char *json)
{
	return may(st->hosted, "set_state") ? running->host.set_state(st, json) : AB_EBUG;
}

static const void *
strict_extension(struct ab_host *h, const char *id)
{
	return may(of(h), "extension") ? running->host.extension(h, id) : NULL;
}

/* log, cancelled and now are [any]. */
static void
fill(struct ab_host *h)
{
	h->fail = strict_fail;
	h->config = strict_config;
	h->wait = strict_wait;
	h->endpoint = strict_endpoint;
	h->http = strict_http;
	h->http_status = strict_http_status;
	h->http_header = strict_http_header;
	h->http_body = strict_http_body;
	h->http_json = strict_http_json;
	h->http_read = strict_http_read;
	h->http_done = strict_http_done;
	h->json_parse = strict_json_parse;
	h->json_get = strict_json_get;
	h->json_at = strict_json_at;
	h->json_key = strict_json_key;
	h->json_len = strict_json_len;
	h->json_type = strict_json_type;
	h->json_int = strict_json_int;
	h->json_real = strict_json_real;
	h->json_str = strict_json_str;
	h->json_text = strict_json_text;
	h->add_stream = strict_add_stream;
	h->emit = strict_emit;
	h->emit_text = strict_emit_text;
	h->about = strict_about;
	h->next = strict_next;
	h->set_state = strict_set_state;
	h->extension = strict_extension;
}

ab_status
strict_init(struct hosted *s, struct error *e)
{
	struct ab_host *table = guard_memory.get(sizeof(*table));

	if (table == NULL)
		return error_set(e, AB_ENOMEM, "no memory for a strict host");
	*table = s->host;
	fill(table);
	s->table = table;
	s->is_strict = 1;
	arena_init(&s->lent, LENT_MAX);
	s->lent.memory = s->root.arena.memory = s->config_root.arena.memory = &guard_memory;
	if (guard_seal(
		table, sizeof(*table), "it wrote to the host's table, which can only be read") != 0)
		return error_set(e, AB_ENOMEM, "cannot make the host's table read-only");
	return AB_OK;
}

void
strict_begin(struct hosted *s)
{
	running = s;
	__atomic_store_n(&latest, s, __ATOMIC_RELEASE);
	__atomic_store_n(&s->is_called, 1, __ATOMIC_RELEASE);
}

ab_status
strict_rest(struct error *e)
{
	ab_status rc;

	pthread_mutex_lock(&lock);
	rc = found.status == AB_OK ? AB_OK : error_set(e, found.status, "%s", found.text);
	error_clear(&found);
	pthread_mutex_unlock(&lock);
	return rc;
}

void
strict_end(struct hosted *s, struct error *broken)
{
	char phrase[GUARD_PHRASE], where[GUARD_PHRASE - 80];

	running = NULL;
	__atomic_store_n(&s->is_called, 0, __ATOMIC_RELEASE);
	if (broken->status == AB_OK)
		(void)strict_rest(broken);
	crumb_where(s->crumb, where, sizeof(where));
	snprintf(phrase, sizeof(phrase),
	    "it used what the host had lent to %s, after that call had ended", where);
	guard_say(phrase);
	services_free_responses(s, 0);
	arena_reset(&s->lent);
	arena_reset(&s->root.arena);
}

void
strict_closed(struct hosted *s)
{
	guard_say("it used what the host lends until close, after close");
	arena_fini(&s->config_root.arena);
	guard_memory.drop(s->table, sizeof(*s->table));
	s->table = NULL;
	__atomic_store_n(&latest, NULL, __ATOMIC_RELEASE);
}
