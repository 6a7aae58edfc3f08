/* transfer.c - see transfer.h: exchanges on one multi handle, from their beginning to the verdict. */
#include <config.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/cassette.h"
#include "net/proxy.h"
#include "net/transfer_private.h"

#define POLL_MS	    200 /* a cancel that nobody announced is seen after so long */
#define DRAIN_BYTES ((curl_off_t)64 << 10)
#define DRAIN_MS    100
#define DRAIN_WAITS 10 /* at least: a busy machine takes time that the server did not have */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode global;

static void
start_curl(void)
{
	global = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int
replays(const struct transfer *t)
{
	return cassette_replays(t->env->cassette);
}

ab_status
transfer_new(const struct http_env *env, const struct http_limits *limits, struct transfer **out,
    struct error *e)
{
	struct transfer *t = calloc(1, sizeof(*t));

	*out = NULL;
	if (t == NULL)
		return error_set(e, AB_ENOMEM, "out of memory");
	t->env = env;
	t->limits = *limits;
	if (!replays(t)) {
		pthread_once(&once, start_curl);
		t->multi = global == CURLE_OK ? curl_multi_init() : NULL;
	}
	t->main = t->multi == NULL && !replays(t) ? NULL : exchange_new(t);
	if (t->main == NULL) {
		transfer_free(t);
		return error_set(e, AB_ENOMEM, "libcurl does not start");
	}
	*out = t;
	return AB_OK;
}

void
transfer_free(struct transfer *t)
{
	struct exchange *x;

	if (t == NULL)
		return;
	while ((x = t->streams) != NULL) {
		t->streams = x->next;
		exchange_free(x);
	}
	exchange_free(t->main);
	if (t->multi != NULL)
		curl_multi_cleanup(t->multi);
	free(t);
}

static int
is_cancelled(const struct transfer *t)
{
	return t->env->cancelled(t->env->ctx);
}

/* -1: no memory, or a URL that libcurl does not take. */
static int
begin(struct exchange *x, const struct transfer_request *r, struct http_response *resp,
    int wants_stream)
{
	response_reset(resp);
	x->resp = resp;
	x->raw.len = x->chunk.len = x->raw_at = 0;
	x->received = 0;
	x->kind = DECODE_PLAIN;
	x->decode.has_more = 0;
	x->has_head = x->has_begun = x->is_stream = x->is_piecewise = x->is_lent = x->is_drained =
	    0;
	x->is_paused = x->is_done = 0;
	x->wants_stream = wants_stream;
	x->code = CURLE_OUT_OF_MEMORY;
	x->refusal = REFUSED_NOT;
	x->encoding[0] = x->why[0] = '\0';
	if (exchange_note(x, r) != 0 || exchange_set(x, r) != 0)
		return -1;
	x->code = CURLE_FAILED_INIT;
	x->is_added = curl_multi_add_handle(x->t->multi, x->easy) == CURLM_OK;
	return x->is_added ? 0 : -1;
}

static void
take_messages(struct transfer *t)
{
	const CURLMsg *msg;
	char *whose;
	int left;

	while ((msg = curl_multi_info_read(t->multi, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &whose) != CURLE_OK)
			continue;
		((struct exchange *)(void *)whose)->is_done = 1;
		((struct exchange *)(void *)whose)->code = msg->data.result;
	}
}

static int
is_enough(const struct exchange *x)
{
	return x->is_done || (x->is_stream && x->chunk.len > 0);
}

/* Until it is done, or a stream has something; 1: cancelled. */
static int
drive(struct exchange *x)
{
	struct transfer *t = x->t;
	int running;

	while (!is_enough(x)) {
		if (curl_multi_perform(t->multi, &running) != CURLM_OK) {
			x->is_done = 1;
			return 0;
		}
		take_messages(t);
		if (is_enough(x))
			return 0;
		curl_multi_poll(t->multi, NULL, 0, POLL_MS, NULL);
		if (is_cancelled(t))
			return 1;
	}
	return 0;
}

static void
end(struct exchange *x)
{
	if (x->is_added)
		curl_multi_remove_handle(x->t->multi, x->easy);
	x->is_added = 0;
}

/* Once bytes may have gone out, the server may have seen the request. */
static enum retry_outcome
how_far(const struct exchange *x)
{
	curl_off_t us = 0;

	curl_easy_getinfo(x->easy, CURLINFO_PRETRANSFER_TIME_T, &us);
	return us > 0 ? RETRY_BROKEN : RETRY_UNREACHABLE;
}

/* A proxy that does not let us through; no repeating changes that. */
static int
is_shut_out(const struct exchange *x)
{
	long status = 0;

	curl_easy_getinfo(x->easy, CURLINFO_HTTP_CONNECTCODE, &status);
	return x->code != CURLE_OK && (status == 401 || status == 403 || status == 407);
}

static void
note_address(const struct exchange *x, const char *url, struct transfer_result *r)
{
	const char *ip = NULL;

	if (proxy_variable(strncmp(url, "https:", 6) == 0) != NULL)
		return;
	curl_easy_getinfo(x->easy, CURLINFO_PRIMARY_IP, &ip);
	snprintf(r->address, sizeof(r->address), "%s", ip != NULL ? ip : "");
}

static void
judge(const struct exchange *x, struct transfer_result *r)
{
	r->blame = AB_ETRANSIENT;
	r->outcome = RETRY_BROKEN;
	switch (x->code) {
	case CURLE_OK:
		r->outcome = RETRY_ANSWERED;
		break;
	case CURLE_WRITE_ERROR: /* without a refusal of ours */
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
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
		r->outcome = RETRY_UNREACHABLE;
		break;
	default:
		r->outcome = how_far(x);
	}
	if (is_shut_out(x))
		r->status = AB_ECONFIG;
}

/* The same for an answer that is not what it says it is. */
static void
judge_refusal(const struct exchange *x, struct transfer_result *r)
{
	r->outcome = RETRY_BROKEN;
	switch (x->refusal) {
	case REFUSED_LARGE:
	case REFUSED_HEADERS:
	case REFUSED_ENCODING:
	case REFUSED_UNLIKE:
		r->status = AB_EDATA;
		break;
	case REFUSED_MEMORY:
		r->status = AB_ENOMEM;
		break;
	case REFUSED_DAMAGED:
	case REFUSED_NOT:
		r->blame = AB_EDATA;
		break;
	}
}

static void
explain_refusal(const struct exchange *x, char out[256])
{
	char begin[32] = "";

	switch (x->refusal) {
	case REFUSED_LARGE:
		snprintf(out, 256,
		    "the body is larger than %zu bytes, the most that is taken; ask for smaller "
		    "pages, or raise it with --page-cap",
		    x->resp->body.max);
		break;
	case REFUSED_HEADERS:
		snprintf(out, 256, "the answer has more headers than are taken: %u, or %u KiB",
		    HEADERS_MAX_COUNT, HEADERS_MAX_BYTES >> 10);
		break;
	case REFUSED_ENCODING:
		snprintf(out, 256,
		    "the body has the Content-Encoding \"%s\", which was not asked for and cannot "
		    "be read",
		    x->encoding);
		break;
	case REFUSED_UNLIKE:
		for (size_t i = 0; i < x->raw.len && i < sizeof(begin) - 1; i++)
			begin[i] =
			    (unsigned char)x->raw.ptr[i] - 0x20u < 0x5f ? x->raw.ptr[i] : '?';
		snprintf(out, 256, "the body is said to be %s and is not: it begins with \"%s\"",
		    decode_name(x->kind), begin);
		break;
	case REFUSED_DAMAGED:
		snprintf(out, 256, "the %s body is damaged: %s", decode_name(x->kind),
		    x->decode.why != NULL ? x->decode.why : "invalid data");
		break;
	case REFUSED_MEMORY:
	case REFUSED_NOT:
		snprintf(out, 256, "out of memory");
		break;
	}
}

/* How it ended, once it is done. */
static void
finish(struct exchange *x, struct transfer_result *r)
{
	int is_cut = x->refusal == REFUSED_NOT && x->code == CURLE_OK && exchange_complete(x);

	if (x->refusal != REFUSED_NOT) {
		judge_refusal(x, r);
		explain_refusal(x, r->detail);
		return;
	}
	judge(x, r);
	if (x->code == CURLE_OK &&
	    !x->has_head) { /* libcurl takes it for an answer without a body */
		r->outcome = RETRY_BROKEN;
		snprintf(r->detail, sizeof(r->detail), "the answer ends within its headers");
	} else if (is_cut) {
		r->outcome = RETRY_BROKEN;
		snprintf(r->detail, sizeof(r->detail), "the body ends in the middle of its %s data",
		    decode_name(x->kind));
	} else if (r->status == AB_ENOMEM) {
		snprintf(r->detail, sizeof(r->detail), "out of memory");
	} else if (x->code != CURLE_OK) {
		snprintf(r->detail, sizeof(r->detail), "%.160s%s",
		    x->why[0] != '\0' ? x->why : curl_easy_strerror(x->code),
		    is_shut_out(x) ? " - the proxy of the environment refuses; check the user and "
				     "password in HTTPS_PROXY"
				   : "");
	}
}

static void
set_cancelled(struct transfer_result *r)
{
	r->status = AB_ECANCELLED;
	snprintf(r->detail, sizeof(r->detail), "cancelled");
}

static void
run(struct exchange *x, const struct transfer_request *r, struct http_response *resp,
    int wants_stream, struct transfer_result *result)
{
	long status = 0;

	if (replays(x->t)) {
		exchange_play(x, r, resp, wants_stream, result);
		return;
	}
	*result = (struct transfer_result){.status = AB_OK};
	if (begin(x, r, resp, wants_stream) != 0) {
		x->is_done = 1;
	} else if (drive(x)) {
		set_cancelled(result);
		return;
	}
	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	resp->status = (int)status;
	note_address(x, r->url, result);
	if (x->is_done && !(x->is_stream && x->chunk.len > 0))
		finish(x, result);
	if (body_close(&resp->body) != 0)
		result->status = AB_ENOMEM;
	if (!x->is_stream)
		exchange_record(x, result);
}

void
transfer_run(struct transfer *t, const struct transfer_request *r, struct http_response *resp,
    struct transfer_result *result)
{
	run(t->main, r, resp, 0, result);
	end(t->main);
}

/* An exchange that no stream uses. */
static struct exchange *
idle_exchange(struct transfer *t)
{
	struct exchange *x = t->streams;

	while (x != NULL && x->resp != NULL)
		x = x->next;
	if (x == NULL && (x = exchange_new(t)) != NULL) {
		x->next = t->streams;
		t->streams = x;
	}
	return x;
}

void
transfer_open(struct transfer *t, const struct transfer_request *r, struct http_response *resp,
    struct exchange **out, struct transfer_result *result)
{
	struct exchange *x = idle_exchange(t);

	*out = NULL;
	*result = (struct transfer_result){.status = AB_ENOMEM, .detail = "out of memory"};
	if (x == NULL)
		return;
	run(x, r, resp, 1, result);
	if (x->is_stream && result->status == AB_OK && result->outcome == RETRY_ANSWERED)
		*out = x;
	else
		transfer_close(x);
}

void
transfer_read(struct exchange *x, struct ab_str *chunk, struct transfer_result *result)
{
	*result = (struct transfer_result){.status = AB_OK};
	*chunk = (struct ab_str){"", 0};
	if (x->is_played) {
		exchange_play_on(x, chunk, result);
		return;
	}
	if (x->is_lent)
		x->chunk.len = 0;
	x->is_lent = 0;
	exchange_fill(x);
	if (x->chunk.len == 0 && x->is_paused) {
		x->is_paused = 0;
		if (curl_easy_pause(x->easy, CURLPAUSE_CONT) != CURLE_OK)
			x->is_done = 1;
	}
	if (is_cancelled(x->t) || (x->refusal == REFUSED_NOT && drive(x))) {
		set_cancelled(result);
		return;
	}
	if (x->chunk.len == 0) {
		finish(x, result);
		if (result->outcome == RETRY_ANSWERED)
			exchange_record(x, result);
		else
			buf_reset(&x->noted); /* half of it must not pass for all of it */
	} else if (body_close(&x->chunk) != 0) {
		result->status = AB_ENOMEM;
		snprintf(result->detail, sizeof(result->detail), "out of memory");
	} else {
		*chunk = (struct ab_str){x->chunk.ptr, x->chunk.len};
		x->is_lent = 1;
		exchange_tape(x, *chunk, result);
	}
}

/* Reads a short rest, so that the connection can be used again. */
static void
drain(struct exchange *x)
{
	curl_off_t length = -1;
	int64_t until = clock_mono_us() + DRAIN_MS * 1000;
	int running, waits = 0;

	curl_easy_getinfo(x->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (length >= 0 && length - (curl_off_t)x->received > DRAIN_BYTES)
		return;
	x->is_drained = 1;
	if (x->is_paused && curl_easy_pause(x->easy, CURLPAUSE_CONT) != CURLE_OK)
		return;
	do {
		if (curl_multi_perform(x->t->multi, &running) != CURLM_OK)
			return;
		take_messages(x->t);
		if (!x->is_done && length >= 0)
			curl_multi_poll(x->t->multi, NULL, 0, DRAIN_MS / DRAIN_WAITS, NULL);
	} while (!x->is_done && length >= 0 && (++waits < DRAIN_WAITS || clock_mono_us() < until));
}

void
transfer_close(struct exchange *x)
{
	struct transfer_result result = {.status = AB_OK, .outcome = RETRY_ANSWERED};

	if (x == NULL)
		return;
	/* What was wanted of it is worth to be recorded, too. */
	if (x->is_stream && !x->is_played && x->refusal == REFUSED_NOT &&
	    (!x->is_done || x->code == CURLE_OK))
		exchange_record(x, &result);
	if (x->is_added && !x->is_done && x->refusal == REFUSED_NOT && !is_cancelled(x->t))
		drain(x);
	end(x);
	x->resp = NULL;
	body_fini(&x->chunk);
	body_fini(&x->taped);
}

int
transfer_sleep(struct transfer *t, uint32_t ms)
{
	int64_t end = clock_mono_us() + (int64_t)ms * 1000, left;

	if (replays(t)) /* nobody is spared */
		return is_cancelled(t);
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
	if (t->multi != NULL)
		curl_multi_wakeup(t->multi);
}
