/* transfer.c - see transfer.h. */
#include <config.h>

#include "net/transfer.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"

#define RECEIVE_BYTES (256 << 10)
#define POLL_MS	      200 /* a cancel that nobody announced is seen after so long */
#define DRIP_BYTES    8	  /* bytes a second that count as a stall */

struct transfer {
	const struct http_env *env;
	struct http_limits limits;
	CURLM *multi;
	CURL *easy;
	struct curl_slist *list; /* of `sent`, kept while requests send the same */
	struct buf sent;
	struct http_response *resp; /* of the running exchange */
	int too_large;		    /* why a callback refused; else it had no memory */
	char why[CURL_ERROR_SIZE];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode global;

static void
start_curl(void)
{
	global = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* One call per line.  A status line begins again: after 1xx, and after a proxy's own answer. */
static size_t
on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	struct headers *h = &t->resp->headers;
	const size_t all = size * n;
	const char *colon = memchr(line, ':', all), *value, *end = line + all;

	if (all > 5 && strncasecmp(line, "HTTP/", 5) == 0) {
		headers_reset(h);
		t->resp->body.len = 0;
		return all;
	}
	if (colon == NULL || colon == line || t->resp->body.len > 0 ||
	    memchr(line, '\0', all) != NULL)
		return all;
	for (value = colon + 1; value < end && (*value == ' ' || *value == '\t'); value++)
		;
	while (end > value && (unsigned char)end[-1] <= ' ')
		end--;
	if (headers_join(h, line, (size_t)(colon - line), value, (size_t)(end - value)) == 0)
		return all;
	return 0;
}

/* The announced length is the encoded body's, so it is a promise only where nothing is decoded. */
static int
expect_body(struct transfer *t)
{
	struct body *b = &t->resp->body;
	curl_off_t length = -1;

	curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (length <= 0)
		return 0;
	if ((uint64_t)length > b->max)
		return headers_get(&t->resp->headers, "Content-Encoding") == NULL ? -1 : 0;
	body_reserve(b, (size_t)length);
	return 0;
}

static size_t
on_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	struct body *b = &t->resp->body;

	t->too_large = size * n > b->max - b->len || (b->len == 0 && expect_body(t) != 0);
	return !t->too_large && body_add(b, bytes, size * n) == 0 ? size * n : 0;
}

/* As the curl tool does; the library alone would not look at them. */
static void
set_authorities(CURL *easy)
{
	const char *file = getenv("CURL_CA_BUNDLE"), *folder = NULL;

	if (file == NULL || file[0] == '\0') {
		file = getenv("SSL_CERT_FILE");
		folder = getenv("SSL_CERT_DIR");
	}
	if (file != NULL && file[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, file);
	if (folder != NULL && folder[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAPATH, folder);
}

static void
set_fixed(struct transfer *t)
{
	CURL *c = t->easy;

	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(c, CURLOPT_USERAGENT, "abhost/" PACKAGE_VERSION);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)t->limits.connect_ms);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)DRIP_BYTES);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->why);
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(c, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	/* A name server that does not answer must not hold up a cancel or a timeout. */
	curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
#endif
	set_authorities(c);
}

ab_status
transfer_new(const struct http_env *env, const struct http_limits *limits, struct transfer **out,
    struct error *e)
{
	struct transfer *t = calloc(1, sizeof(*t));

	*out = NULL;
	if (t == NULL)
		return error_set(e, AB_ENOMEM, "out of memory");
	pthread_once(&once, start_curl);
	t->env = env;
	t->limits = *limits;
	buf_init(&t->sent, HEADERS_MAX_BYTES);
	t->multi = global == CURLE_OK ? curl_multi_init() : NULL;
	t->easy = t->multi == NULL ? NULL : curl_easy_init();
	if (t->easy == NULL) {
		transfer_free(t);
		return error_set(e, AB_ENOMEM, "libcurl does not start");
	}
	set_fixed(t);
	*out = t;
	return AB_OK;
}

static void
forget_headers(struct transfer *t)
{
	for (struct curl_slist *s = t->list; s != NULL; s = s->next)
		explicit_bzero(s->data, strlen(s->data));
	curl_slist_free_all(t->list);
	t->list = NULL;
	if (t->sent.ptr != NULL)
		explicit_bzero(t->sent.ptr, t->sent.cap);
	buf_reset(&t->sent);
}

void
transfer_free(struct transfer *t)
{
	if (t == NULL)
		return;
	curl_easy_cleanup(t->easy);
	if (t->multi != NULL)
		curl_multi_cleanup(t->multi);
	forget_headers(t);
	buf_fini(&t->sent);
	free(t);
}

static int
add_line(struct transfer *t, const char *line)
{
	struct curl_slist *list = curl_slist_append(t->list, line);

	if (list == NULL)
		return -1;
	t->list = list;
	return 0;
}

/* curl sends "Name: " only where it is written "Name;". */
static int
add_header(struct transfer *t, const char *line)
{
	size_t n = strlen(line);
	char *empty;
	int rc;

	if (n < 2 || line[n - 1] != ' ' || line[n - 2] != ':')
		return add_line(t, line);
	empty = strdup(line);
	if (empty == NULL)
		return -1;
	memcpy(empty + n - 2, ";", 2);
	rc = add_line(t, empty);
	free(empty);
	return rc;
}

static int
set_headers(struct transfer *t, const struct headers *h)
{
	const char *line = NULL;
	int rc = 0;

	if (t->list != NULL && t->sent.len == h->text.len &&
	    memcmp(buf_str(&t->sent), buf_str(&h->text), h->text.len) == 0)
		return 0;
	forget_headers(t);
	while (rc == 0 && (line = headers_next(h, line)) != NULL)
		rc = add_header(t, line);
	/* A body of more than a megabyte would wait a second for leave to be sent. */
	rc = rc == 0 ? add_line(t, "Expect:") : rc;
	if (rc == 0 && headers_get(h, "Content-Type") == NULL)
		rc = add_line(t, "Content-Type:");
	return rc == 0 ? buf_add(&t->sent, h->text.ptr, h->text.len) : rc;
}

static void
set_method(CURL *c, const char *method, struct ab_str body)
{
	int has_body = body.len > 0 || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
	    strcmp(method, "PATCH") == 0;

	curl_easy_setopt(c, CURLOPT_NOBODY, 0L);
	curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, NULL);
	if (has_body) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.len > 0 ? body.ptr : "");
	}
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	else if (strcmp(method, has_body ? "POST" : "GET") != 0)
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
}

static int
set_request(struct transfer *t, const struct transfer_request *r)
{
	uint32_t stall_s = r->timeout_s > t->limits.stall_s ? r->timeout_s : t->limits.stall_s;

	if (set_headers(t, r->headers) != 0 ||
	    curl_easy_setopt(t->easy, CURLOPT_URL, r->url) != CURLE_OK)
		return -1;
	set_method(t->easy, r->method, r->body);
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->list);
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME, (long)stall_s);
	curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)r->timeout_s * 1000);
	return 0;
}

static int
is_cancelled(const struct transfer *t)
{
	return t->env->cancelled(t->env->ctx);
}

/* 0: *code is how it ended; 1: cancelled. */
static int
drive(struct transfer *t, CURLcode *code)
{
	int running = 1, left, cancelled = 0;
	const CURLMsg *msg;

	*code = CURLE_FAILED_INIT;
	if (curl_multi_add_handle(t->multi, t->easy) != CURLM_OK)
		return 0;
	while (running && !cancelled) {
		if (curl_multi_perform(t->multi, &running) != CURLM_OK)
			break;
		if (running)
			curl_multi_poll(t->multi, NULL, 0, POLL_MS, NULL);
		cancelled = running && is_cancelled(t);
	}
	while ((msg = curl_multi_info_read(t->multi, &left)) != NULL)
		if (msg->msg == CURLMSG_DONE)
			*code = msg->data.result;
	curl_multi_remove_handle(t->multi, t->easy);
	return cancelled;
}

/* Once bytes may have gone out, the server may have seen the request. */
static enum retry_outcome
how_far(struct transfer *t)
{
	curl_off_t us = 0;

	curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &us);
	return us > 0 ? RETRY_BROKEN : RETRY_UNREACHABLE;
}

static void
judge(struct transfer *t, CURLcode code, struct transfer_result *r)
{
	r->blame = AB_ETRANSIENT;
	r->outcome = RETRY_BROKEN;
	switch (code) {
	case CURLE_OK:
		r->outcome = RETRY_ANSWERED;
		break;
	case CURLE_WRITE_ERROR:
		r->status = t->too_large ? AB_EDATA : AB_ENOMEM;
		break;
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
		r->status = AB_ENOMEM;
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_CIPHER:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
		r->status = AB_ECONFIG;
		break;
	case CURLE_BAD_CONTENT_ENCODING:
		r->blame = AB_EDATA;
		break;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
		r->outcome = RETRY_UNREACHABLE;
		break;
	default:
		r->outcome = how_far(t);
	}
}

static void
explain(struct transfer *t, CURLcode code, struct transfer_result *r)
{
	if (t->too_large)
		snprintf(r->detail, sizeof(r->detail),
		    "the body is larger than %zu bytes, the most that is taken; ask for smaller pages",
		    t->resp->body.max);
	else if (r->status == AB_ENOMEM)
		snprintf(r->detail, sizeof(r->detail), "out of memory");
	else if (code != CURLE_OK)
		snprintf(r->detail, sizeof(r->detail), "%s",
		    t->why[0] != '\0' ? t->why : curl_easy_strerror(code));
}

void
transfer_run(struct transfer *t, const struct transfer_request *r, struct http_response *resp,
    struct transfer_result *result)
{
	CURLcode code = CURLE_OUT_OF_MEMORY;
	long status = 0;

	*result = (struct transfer_result){.status = AB_OK};
	response_reset(resp);
	t->resp = resp;
	t->too_large = 0;
	t->why[0] = '\0';
	if (set_request(t, r) == 0 && drive(t, &code)) {
		result->status = AB_ECANCELLED;
		snprintf(result->detail, sizeof(result->detail), "cancelled");
		return;
	}
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	resp->status = (int)status;
	judge(t, code, result);
	if (body_close(&resp->body) != 0)
		result->status = AB_ENOMEM;
	explain(t, code, result);
}

int
transfer_sleep(struct transfer *t, uint32_t ms)
{
	int64_t end = clock_mono_us() + (int64_t)ms * 1000, left;

	while (!is_cancelled(t)) {
		left = (end - clock_mono_us() + 999) / 1000;
		if (left <= 0)
			return 0;
		curl_multi_poll(t->multi, NULL, 0, left < POLL_MS ? (int)left : POLL_MS, NULL);
	}
	return 1;
}

void
transfer_wake(struct transfer *t)
{
	curl_multi_wakeup(t->multi);
}
