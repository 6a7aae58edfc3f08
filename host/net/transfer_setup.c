/* transfer_setup.c - how an easy handle is told what to do. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "net/proxy.h"
#include "net/transfer_private.h"
#include "net/url.h"

#define RECEIVE_BYTES (256 << 10)
#define NOTED_MAX     ((size_t)256 << 20)
#define DRIP_BYTES    8	   /* bytes a second that count as a stall */
#define WHOLE_S	      3600 /* of one answer, where nobody says how long it may take */
#define ENCODINGS     "Accept-Encoding: zstd, gzip, deflate"

/* As the curl tool does; the library alone would not look at them. */
static void
set_authorities(CURL *easy)
{
	const char *file = getenv("CURL_CA_BUNDLE"), *folder = NULL;

	if (file == NULL || file[0] == '\0') {
		file = getenv("SSL_CERT_FILE");
		folder = getenv("SSL_CERT_DIR");
	}
	if (file != NULL && file[0] != '\0') {
		curl_easy_setopt(easy, CURLOPT_CAINFO, file);
		curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, file);
	}
	if (folder != NULL && folder[0] != '\0') {
		curl_easy_setopt(easy, CURLOPT_CAPATH, folder);
		curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, folder);
	}
}

static void
set_fixed(struct exchange *x)
{
	CURL *c = x->easy;
	const struct http_limits *limits = &x->t->limits;

	curl_easy_setopt(c, CURLOPT_PRIVATE, x);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "abhost/" PACKAGE_VERSION);
	/* Finding the address included. */
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)limits->connect_ms);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)DRIP_BYTES);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, exchange_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, exchange_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, x->why);
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

struct exchange *
exchange_new(struct transfer *t)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->t = t;
	buf_init(&x->sent, HEADERS_MAX_BYTES);
	body_init(&x->raw, t->limits.body_cap + RECEIVE_BYTES);
	body_init(&x->chunk, STREAM_CHUNK + RECEIVE_BYTES);
	body_init(&x->taped, t->limits.body_cap);
	buf_init(&x->noted, NOTED_MAX);
	if (t->multi == NULL)
		return x;
	x->easy = curl_easy_init();
	if (x->easy == NULL) {
		exchange_free(x);
		return NULL;
	}
	set_fixed(x);
	return x;
}

static void
forget_headers(struct exchange *x)
{
	for (struct curl_slist *s = x->list; s != NULL; s = s->next)
		explicit_bzero(s->data, strlen(s->data));
	curl_slist_free_all(x->list);
	x->list = NULL;
	if (x->sent.ptr != NULL)
		explicit_bzero(x->sent.ptr, x->sent.cap);
	buf_reset(&x->sent);
}

void
exchange_free(struct exchange *x)
{
	if (x == NULL)
		return;
	if (x->is_added)
		curl_multi_remove_handle(x->t->multi, x->easy);
	if (x->easy != NULL)
		curl_easy_cleanup(x->easy);
	forget_headers(x);
	buf_fini(&x->sent);
	decode_fini(&x->decode);
	body_fini(&x->raw);
	body_fini(&x->chunk);
	body_fini(&x->taped);
	buf_fini(&x->noted);
	free(x);
}

static int
add_line(struct exchange *x, const char *line)
{
	struct curl_slist *list = curl_slist_append(x->list, line);

	if (list == NULL)
		return -1;
	x->list = list;
	return 0;
}

/* curl sends "Name: " only where it is written "Name;". */
static int
add_header(struct exchange *x, const char *line)
{
	size_t n = strlen(line);
	char *empty;
	int rc;

	if (n < 2 || line[n - 1] != ' ' || line[n - 2] != ':')
		return add_line(x, line);
	empty = strdup(line);
	if (empty == NULL)
		return -1;
	memcpy(empty + n - 2, ";", 2);
	rc = add_line(x, empty);
	free(empty);
	return rc;
}

static int
set_headers(struct exchange *x, const struct headers *h)
{
	const char *line = NULL;
	int rc = 0;

	if (x->list != NULL && x->sent.len == h->text.len &&
	    memcmp(buf_str(&x->sent), buf_str(&h->text), h->text.len) == 0)
		return 0;
	forget_headers(x);
	while (rc == 0 && (line = headers_next(h, line)) != NULL)
		rc = add_header(x, line);
	/* A body of more than a megabyte would wait a second for leave to be sent. */
	rc = rc == 0 ? add_line(x, "Expect:") : rc;
	rc = rc == 0 ? add_line(x, ENCODINGS) : rc;
	if (rc == 0 && headers_get(h, "Content-Type") == NULL)
		rc = add_line(x, "Content-Type:");
	return rc == 0 ? buf_add(&x->sent, h->text.ptr, h->text.len) : rc;
}

static CURLcode
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
		return curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	if (strcmp(method, has_body ? "POST" : "GET") != 0)
		return curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
	return CURLE_OK;
}

/* What stands behind the method in the request.  libcurl by itself takes it out of the URL, and where there is no memory for
 * the query it sends the request without one (seen in 7.88.1), which an API answers with other records.  A proxy that is
 * asked for http: wants the whole URL. */
static CURLcode
set_target(CURL *c, const char *url)
{
	struct url u;
	int has_target = url_parse(url, &u) == NULL && u.path.len > 0 &&
	    (url_is_https(&u) || proxy_variable(0) == NULL);

	return curl_easy_setopt(c, CURLOPT_REQUEST_TARGET, has_target ? u.path.ptr : NULL);
}

int
exchange_set(struct exchange *x, const struct transfer_request *r)
{
	uint32_t stall_s = x->t->limits.stall_s;
	long whole_s = (long)(r->timeout_s > 0 ? r->timeout_s : WHOLE_S);

	if (r->timeout_s > stall_s)
		stall_s = r->timeout_s;
	if (set_headers(x, r->headers) != 0 ||
	    curl_easy_setopt(x->easy, CURLOPT_URL, r->url) != CURLE_OK ||
	    set_target(x->easy, r->url) != CURLE_OK ||
	    set_method(x->easy, r->method, r->body) != CURLE_OK)
		return -1;
	/* Where a connection that was kept ends without an answer, libcurl by itself asks again, whatever the method. */
	curl_easy_setopt(x->easy, CURLOPT_FRESH_CONNECT, (long)r->once);
	/* HTTP/2 where TLS agrees on it; without TLS nobody knows before it is too late.  A stream has a connection of its
	 * own: while it waits it holds up nobody but its server. */
	curl_easy_setopt(x->easy, CURLOPT_HTTP_VERSION,
	    (long)(x->wants_stream ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
	curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->list);
	curl_easy_setopt(x->easy, CURLOPT_LOW_SPEED_TIME, (long)stall_s);
	curl_easy_setopt(x->easy, CURLOPT_TIMEOUT_MS, x->wants_stream ? 0L : whole_s * 1000);
	return 0;
}
