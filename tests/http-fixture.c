/* http-fixture.c - see http-fixture.h. */
#include <config.h>

#include "http-fixture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/redact.h"

struct outside outside;
struct wire *wire;
struct http *http;
struct error error;
struct http_limits limits;
struct cassette *cassette;
static json_t *config;

int
is_cancelled(void *ctx)
{
	return __atomic_load_n(&((struct outside *)ctx)->cancelled, __ATOMIC_SEQ_CST);
}

static int
note_sleep(void *ctx, uint32_t ms)
{
	struct outside *o = ctx;

	o->slept_ms = ms;
	o->sleeps++;
	o->mono_us += (int64_t)ms * 1000;
	return is_cancelled(ctx);
}

static int64_t
fixed_now(void *ctx)
{
	return ((struct outside *)ctx)->now_us;
}

/* Time passes while nobody sleeps, too. */
static int64_t
moving_mono(void *ctx)
{
	return ((struct outside *)ctx)->mono_us += 10;
}

static void
note_wait(void *ctx, const struct http_wait *wait)
{
	struct outside *o = ctx;

	o->waits++;
	o->until_us = wait->until_us;
	o->done = wait->done;
	o->limited = wait->limited;
	snprintf(o->why, sizeof(o->why), "%s", wait->why);
	snprintf(o->host, sizeof(o->host), "%s", wait->host);
}

static void
note_trace(void *ctx, const struct http_trace *t)
{
	struct outside *o = ctx;
	size_t n = strlen(o->traced);

	snprintf(o->traced + n, sizeof(o->traced) - n, "%s %s %d %llu %u %s\n", t->method, t->url,
	    t->status, (unsigned long long)t->bytes, t->attempt, t->error);
}

void
note_log(void *ctx, int level, const char *text)
{
	struct outside *o = ctx;
	size_t n = strlen(o->logged);

	(void)level;
	snprintf(o->logged + n, sizeof(o->logged) - n, "%s\n", text);
}

void
open_http(void)
{
	const struct http_env env = {.ctx = &outside,
	    .cancelled = is_cancelled,
	    .sleep_ms = note_sleep,
	    .now_us = fixed_now,
	    .mono_us = moving_mono,
	    .trace = note_trace,
	    .waiting = note_wait,
	    .log = note_log,
	    .config = config,
	    .cassette = cassette};

	ck_assert_int_eq(http_new(&env, &limits, NULL, &http, &error), AB_OK);
}

void
begin(const struct wire_step *steps, size_t count, const char *endpoint)
{
	char base[64];

	wire = wire_start(steps, count);
	snprintf(base, sizeof(base), "http://127.0.0.1:%u/v1", wire_port(wire));
	config = json_pack("{s:s, s:s}", "api_key", SECRET, "base_url", base);
	open_http();
	ck_assert_msg(http_endpoint(http, endpoint, &error) == AB_OK, "%s", error.text);
}

void
begin_again(const char *endpoint)
{
	http_free(http);
	open_http();
	ck_assert_msg(http_endpoint(http, endpoint, &error) == AB_OK, "%s", error.text);
}

void
http_set_up(void)
{
	signal(SIGPIPE, SIG_IGN);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	memset(&outside, 0, sizeof(outside));
	outside.now_us = NOW_US;
	memset(&limits, 0, sizeof(limits));
	cassette = NULL;
	error_clear(&error);
}

void
http_tear_down(void)
{
	ck_assert_ptr_null(strstr(error.text, SECRET));
	ck_assert_ptr_null(strstr(outside.logged, SECRET));
	ck_assert_ptr_null(strstr(outside.traced, SECRET));
	ck_assert_ptr_null(strstr(outside.why, SECRET));
	http_free(http);
	if (wire != NULL)
		wire_stop(wire);
	json_decref(config);
	redact_fini();
}

ab_status
get(const char *url, struct http_response **out)
{
	const struct ab_request r = {.size = sizeof(r), .url = url};

	error_clear(&error);
	return http_request(http, &r, out, &error);
}

void
expect_body(const char *url, const char *body)
{
	struct http_response *resp;
	struct ab_str got;

	ck_assert_msg(get(url, &resp) == AB_OK, "%s", error.text);
	got = http_response_body(resp);
	ck_assert_uint_eq(got.len, strlen(body));
	ck_assert_str_eq(got.ptr, body);
	for (size_t i = 0; i < 64; i++)
		ck_assert_int_eq(got.ptr[got.len + i], 0);
	http_response_free(resp);
}

void
expect_error(const char *url, ab_status status, const char *part)
{
	struct http_response *resp;
	ab_status rc = get(url, &resp);

	ck_assert_ptr_null(resp);
	ck_assert_msg(rc == status, "%s, %s", error_word(rc), error.text);
	ck_assert_int_eq(error.status, status);
	ck_assert_msg(strstr(error.text, part) != NULL, "%s", error.text);
}

int
has_line(unsigned request, const char *line)
{
	return strcasestr(wire_request(wire, request), line) != NULL;
}
