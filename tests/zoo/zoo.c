/* zoo.c - a connector that misbehaves as its config says: {"do": BEHAVIOUR, "in": FUNCTION}.
 *
 * Everything else of it is good: a stream "s" with pages of two records, in 12 pages where "in" is "page 12".  With a
 * constructor or a NULL it would be refused before it runs: see bad.c. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <abhost/connector.h>

struct zoo {
	struct ab_host *host;
	const char *what, *where;
	const struct ab_json *kept; /* a view kept past its call */
	struct ab_page *page;
};

struct behaviour {
	const char *name;
	ab_status (*run)(struct zoo *z);
};

static ab_status
do_crash(struct zoo *z)
{
	(void)z;
	raise(SIGSEGV);
	return AB_OK;
}

static ab_status
do_abort(struct zoo *z)
{
	(void)z;
	abort();
}

static ab_status
do_exit(struct zoo *z)
{
	(void)z;
	exit(0);
}

static ab_status
do_hang(struct zoo *z)
{
	volatile int on = 1;

	(void)z;
	while (on)
		usleep(1000);
	return AB_OK;
}

/* Not a hang: it waits in the host. */
static ab_status
do_wait(struct zoo *z)
{
	return z->host->wait(z->host, -1, 0, 2500);
}

static ab_status
do_kill(struct zoo *z)
{
	(void)z;
	kill(getpid(), SIGKILL);
	return AB_OK;
}

static int
dig(const volatile char *above, unsigned depth)
{
	volatile char frame[4096];

	frame[0] = *above;
	return depth == 0 ? 0 : dig(frame, depth - 1) + frame[0];
}

static ab_status
do_overflow(struct zoo *z)
{
	return dig(z->what, 1u << 30);
}

static ab_status
do_print(struct zoo *z)
{
	(void)z;
	printf("hello\nworld \x1b[31m\xff\n");
	fflush(stdout);
	fprintf(stderr, "no newline");
	return AB_OK;
}

static ab_status
do_flood(struct zoo *z)
{
	(void)z;
	for (int i = 0; i < 100000; i++)
		printf("line %d\n", i);
	fflush(stdout);
	return AB_OK;
}

static ab_status
do_chatter(struct zoo *z)
{
	volatile int on = 1;

	while (on)
		z->host->log(z->host, AB_DEBUG, "and another thing");
	return AB_OK;
}

static ab_status
do_cancelled(struct zoo *z)
{
	(void)z;
	return AB_ECANCELLED;
}

/* All descriptors: what it prints to, and the channel. */
static ab_status
do_close_fds(struct zoo *z)
{
	(void)z;
	for (int fd = 0; fd < 64; fd++)
		close(fd);
	return AB_OK;
}

static ab_status
do_write_channel(struct zoo *z)
{
	(void)z;
	return write(3, "rubbish", 7) == 7 ? AB_OK : AB_EBUG;
}

static ab_status
do_fork(struct zoo *z)
{
	(void)z;
	if (fork() == 0)
		sleep(600);
	exit(3);
}

static ab_status
do_status(struct zoo *z)
{
	(void)z;
	return 42;
}

static ab_status
do_silent(struct zoo *z)
{
	(void)z;
	return AB_EDATA;
}

static ab_status
do_fail(struct zoo *z)
{
	z->host->fail(z->host, AB_ECONFIG, "the first reason");
	return z->host->fail(z->host, AB_ECONFIG, "the second reason \xff");
}

static ab_status
do_stale(struct zoo *z)
{
	return z->host->fail(z->host, AB_ESTALE, "that token is old");
}

static ab_status
do_wrong_type(struct zoo *z)
{
	z->host->json_int(z->host->json_get(z->host->config(z->host), "do"));
	return AB_OK;
}

static ab_status
do_secret(struct zoo *z)
{
	struct ab_host *h = z->host;
	struct ab_str secret = h->json_str(h->json_get(h->config(h), "secret"));
	char text[256];

	snprintf(text, sizeof(text), "secret %s, and what it really is: topsecret-topsecret",
	    secret.ptr);
	h->log(h, AB_INFO, text);
	return h->fail(h, AB_ECONFIG, text);
}

/* The secret stands where a text is cut: behind 4095 bytes of a line, or 1023 of an error. */
static ab_status
do_long_secret(struct zoo *z)
{
	char text[6000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text + 4088, "topsecret-topsecret", 19);
	z->host->log(z->host, AB_INFO, text);
	memcpy(text + 1016, "topsecret-topsecret", 19);
	return z->host->fail(z->host, AB_ECONFIG, text);
}

static ab_status
do_log(struct zoo *z)
{
	z->host->log(z->host, 99, "bad level, bad byte \xff");
	z->host->log(z->host, AB_INFO, NULL);
	return AB_OK;
}

/* Everything that it was given besides what it needs. */
static ab_status
do_look(struct zoo *z)
{
	char text[4096];

	for (int fd = 0; fd < 1024; fd++) {
		snprintf(text, sizeof(text), "fd %d", fd);
		if (fcntl(fd, F_GETFD) >= 0)
			z->host->log(z->host, AB_INFO, text);
	}
	for (char **v = environ; *v != NULL; v++) {
		snprintf(text, sizeof(text), "env %.*s", (int)strcspn(*v, "="), *v);
		z->host->log(z->host, AB_INFO, text);
	}
	return AB_OK;
}

static ab_status
do_pid(struct zoo *z)
{
	char text[32];

	snprintf(text, sizeof(text), "pid %d", (int)getpid());
	z->host->log(z->host, AB_INFO, text);
	return AB_OK;
}

static ab_status
do_endpoint(struct zoo *z)
{
	return z->host->endpoint(z->host, "{\"base_url\": \"http://127.0.0.1/\", \"bse\": 1}");
}

static ab_status
do_request_flags(struct zoo *z)
{
	const struct ab_response *r;

	return z->host->http(z->host, AB_NEW(ab_request, .flags = 4, .url = "/"), &r);
}

static ab_status
do_request_newer(struct zoo *z)
{
	struct {
		struct ab_request known;
		uint64_t newer;
	} request = {{.size = sizeof(request), .url = "/"}, 1};
	const struct ab_response *r;

	return z->host->http(z->host, &request.known, &r);
}

static ab_status
do_late(struct zoo *z)
{
	return z->page == NULL ? AB_OK : z->host->next(z->page, "late");
}

static ab_status
do_leak(struct zoo *z)
{
	if (z->kept != NULL)
		z->host->json_len(z->host->json_get(z->kept, "a"));
	return AB_OK;
}

static ab_status
nothing(struct zoo *z)
{
	(void)z;
	return AB_OK;
}

static const struct behaviour behaviours[] = {{"crash", do_crash}, {"abort", do_abort},
    {"exit", do_exit}, {"hang", do_hang}, {"wait", do_wait}, {"kill", do_kill},
    {"overflow", do_overflow}, {"print", do_print}, {"flood", do_flood},
    {"close_fds", do_close_fds}, {"write_channel", do_write_channel}, {"fork", do_fork},
    {"status", do_status}, {"silent", do_silent}, {"fail", do_fail}, {"stale", do_stale},
    {"wrong_type", do_wrong_type}, {"secret", do_secret}, {"long_secret", do_long_secret},
    {"log", do_log}, {"endpoint", do_endpoint}, {"look", do_look}, {"pid", do_pid},
    {"request_flags", do_request_flags}, {"request_newer", do_request_newer}, {"late", do_late},
    {"leak", do_leak}, {"chatter", do_chatter}, {"cancelled", do_cancelled}};

static ab_status
behave(struct zoo *z, const char *where)
{
	if (strcmp(where, z->where) != 0)
		return AB_OK;
	for (size_t i = 0; i < sizeof(behaviours) / sizeof(behaviours[0]); i++)
		if (strcmp(behaviours[i].name, z->what) == 0)
			return behaviours[i].run(z);
	return nothing(z);
}

static int
does(const struct zoo *z, const char *what)
{
	return strcmp(z->what, what) == 0;
}

static ab_status
zoo_open(struct ab_host *h, void **self)
{
	struct zoo *z = calloc(1, sizeof(*z));

	if (z == NULL)
		return AB_ENOMEM;
	*self = z;
	z->host = h;
	z->what = ab_cstr(h, h->config(h), "do", "nothing");
	z->where = ab_cstr(h, h->config(h), "in", "read_page");
	return behave(z, "open");
}

static void
zoo_close(void *self)
{
	behave(self, "close");
	free(self);
}

static ab_status
zoo_check(void *self)
{
	return behave(self, "check");
}

static ab_status
zoo_streams(void *self, struct ab_catalog *c)
{
	struct zoo *z = self;
	const char *text = "{\"name\": \"s\"}";
	ab_status rc = behave(z, "streams");

	if (does(z, "bad_stream"))
		text = "{\"name\": \"s\", \"sorted\": \"yes\"}";
	if (does(z, "broken_stream"))
		text = "{\"name\": \"s\", \"sorted\": }";
	if (does(z, "unknown_key"))
		text = "{\"name\": \"s\", \"is_resumeable\": true}";
	if (does(z, "nameless"))
		text = "{\"json_schema\": {}}";
	if (does(z, "extra_key"))
		text = "{\"name\": \"s\", \"x_owner\": \"me\"}";
	if (rc == AB_OK)
		z->host->add_stream(c, text); /* its status ignored: it must count all the same */
	return rc;
}

static ab_status
emit(struct zoo *z, struct ab_page *p, const char *text)
{
	return z->host->emit_text(p, (struct ab_str){text, strlen(text)});
}

static ab_status
emit_big(struct zoo *z, struct ab_page *p)
{
	size_t len = (size_t)1 << 30;
	char *text = malloc(len);
	ab_status rc;

	if (text == NULL)
		return AB_ENOMEM;
	memset(text, ' ', len);
	text[0] = '[';
	text[len - 1] = ']';
	rc = z->host->emit_text(p, (struct ab_str){text, len});
	free(text);
	return rc;
}

/* 1 GB in small pieces, whatever emit says. */
static ab_status
emit_much(struct zoo *z, struct ab_page *p)
{
	static char text[1024];

	memset(text, ' ', sizeof(text));
	text[0] = '{';
	text[sizeof(text) - 1] = '}';
	for (int i = 0; i < 1 << 20; i++)
		z->host->emit_text(p, (struct ab_str){text, sizeof(text)});
	return AB_OK;
}

static ab_status
emit_something(struct zoo *z, struct ab_page *p)
{
	static const char *const texts[][2] = {{"number", "12"}, {"string", "\"x\""},
	    {"broken", "{\"a\": [1}"}, {"half", "{\"a\": 1}\n{\"a\""}, {"two", "{} 7"}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (does(z, texts[i][0]))
			emit(z, p, texts[i][1]); /* its status ignored */
	if (does(z, "null"))
		z->host->emit(p, NULL);
	if (does(z, "big"))
		emit_big(z, p);
	if (does(z, "much"))
		emit_much(z, p);
	if (does(z, "about"))
		z->host->about(p, "{\"constants\": {\"a\": 1}, \"totl\": 4}");
	if (does(z, "bad_token"))
		z->host->next(p, "\xff\xfe");
	return AB_OK;
}

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct zoo *z = self;
	int page = r->token != NULL ? (int)strtol(r->token, NULL, 10) : 1;
	char text[64];
	ab_status rc = behave(z, "read_page");

	if (does(z, "all_empty")) {
		snprintf(text, sizeof(text), "%d", page + 1);
		rc = emit(z, p, "[ ]");
		return rc == AB_OK ? z->host->next(p, text) : rc;
	}
	snprintf(text, sizeof(text), "page %d", page);
	if (rc == AB_OK)
		rc = behave(z, text);
	snprintf(text, sizeof(text), "[{\"id\": %d}, {\"id\": %d}]", 2 * page, 2 * page + 1);
	if (rc == AB_OK)
		rc = emit(z, p, text);
	if (rc == AB_OK)
		rc = emit_something(z, p);
	z->page = p;
	z->kept = z->host->json_parse(z->host, (struct ab_str){"{\"a\": [1]}", 10});
	if (does(z, "same_token"))
		return z->host->next(p, "again");
	if (does(z, "token_circle")) {
		snprintf(text, sizeof(text), "%d", page < 5 ? page + 1 : 3);
		return z->host->next(p, r->token == NULL ? "0" : text);
	}
	snprintf(text, sizeof(text), "%d", page + 1);
	return rc == AB_OK && strncmp(z->where, "page ", 5) == 0 && page < 15
	    ? z->host->next(p, text)
	    : rc;
}

static ab_status
zoo_update_state(void *self, const struct ab_seen *seen, struct ab_state *out)
{
	struct zoo *z = self;
	const char *text = "{\"a\": 1}";
	ab_status rc = behave(z, "update_state");

	(void)seen;
	if (does(z, "bad_state"))
		text = "{\"a\": 1, }";
	if (does(z, "array_state"))
		text = "[1]";
	return rc == AB_OK && !does(z, "no_state") ? z->host->set_state(out, text) : rc;
}

#ifdef ZOO_PARTITIONS
static ab_status
zoo_partitions(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct zoo *z = self;
	ab_status rc = behave(z, "partitions");
	char next[24];

	if (rc != AB_OK)
		return rc;
	if (does(z, "list_empty")) {
		snprintf(next, sizeof(next), "%d",
		    r->token == NULL ? 2 : (int)strtol(r->token, NULL, 10) + 1);
		return z->host->next(p, next);
	}
	if (does(z, "null_partition"))
		return z->host->emit(p, NULL);
	return emit(z, p, does(z, "bad_partition") ? "[{\"p\": 1}, 7]" : "[{\"p\": 1}]");
}
#endif

AB_CONNECTOR(.id = "zoo", .version = "1.0.0",
    .spec = "{\"type\": \"object\", \"properties\": {\"secret\": {\"type\": \"string\", "
	    "\"airbyte_secret\": true}}}",
    .open = zoo_open, .close = zoo_close, .check = zoo_check, .streams = zoo_streams,
#ifdef ZOO_PARTITIONS
    .partitions = zoo_partitions,
#endif
    .read_page = zoo_read_page, .update_state = zoo_update_state);
