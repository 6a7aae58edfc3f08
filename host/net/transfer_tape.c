/* transfer_tape.c - an exchange as a cassette's: played instead of made, or written down behind it. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "net/cassette.h"
#include "net/transfer_private.h"

static void
set_failed(struct transfer_result *r, ab_status status, const char *why)
{
	r->status = status;
	snprintf(r->detail, sizeof(r->detail), "%s", why);
}

void
exchange_play(struct exchange *x, const struct transfer_request *r, struct http_response *resp,
    int wants_stream, struct transfer_result *result)
{
	struct error e = ERROR_INIT;

	response_reset(resp);
	x->resp = resp;
	x->is_played = x->is_done = 1;
	x->chunk_at = 0;
	*result = (struct transfer_result){.status = AB_OK, .outcome = RETRY_ANSWERED};
	if (cassette_play(x->t->env->cassette, r, resp, result, &e) != AB_OK)
		set_failed(result, e.status, e.text);
	else if (body_close(&resp->body) != 0)
		set_failed(result, AB_ENOMEM, "out of memory");
	/* A stream that breaks is good up to there. */
	x->is_cut = wants_stream && result->outcome == RETRY_BROKEN && resp->status >= 200 &&
	    resp->status < 300;
	if (x->is_cut)
		result->outcome = RETRY_ANSWERED;
	x->is_stream = wants_stream && result->outcome == RETRY_ANSWERED && resp->status >= 200 &&
	    resp->status < 300;
}

void
exchange_play_on(struct exchange *x, struct ab_str *chunk, struct transfer_result *result)
{
	const struct body *b = &x->resp->body;
	size_t n = b->len - x->chunk_at;

	x->chunk.len = 0;
	if (n > STREAM_CHUNK)
		n = STREAM_CHUNK;
	if (n == 0 && x->is_cut)
		*result = (struct transfer_result){.status = AB_OK,
		    .outcome = RETRY_BROKEN,
		    .blame = AB_ETRANSIENT,
		    .detail = "the body ended too early"};
	if (n == 0)
		return;
	if (body_add(&x->chunk, b->ptr + x->chunk_at, n) != 0 || body_close(&x->chunk) != 0) {
		set_failed(result, AB_ENOMEM, "out of memory");
		return;
	}
	x->chunk_at += n;
	*chunk = (struct ab_str){x->chunk.ptr, n};
}

static int
records(const struct exchange *x)
{
	return x->t->env->cassette != NULL && x->noted.len > 0;
}

int
exchange_note(struct exchange *x, const struct transfer_request *r)
{
	buf_reset(&x->noted);
	x->taped.len = 0;
	x->begun_us = clock_mono_us();
	if (x->t->env->cassette == NULL || r->is_secret)
		return 0;
	return cassette_note(r, &x->noted);
}

void
exchange_tape(struct exchange *x, struct ab_str chunk, struct transfer_result *result)
{
	if (!records(x) || body_add(&x->taped, chunk.ptr, chunk.len) == 0)
		return;
	set_failed(result, AB_ECONFIG, "the body is too large to be recorded");
}

void
exchange_record(struct exchange *x, struct transfer_result *result)
{
	const struct body *b = x->is_stream ? &x->taped : &x->resp->body;
	const struct cassette_take take = {.noted = &x->noted,
	    .resp = x->resp,
	    .body = {b->ptr, b->len},
	    .result = result,
	    .ms = (uint32_t)((clock_mono_us() - x->begun_us) / 1000)};
	struct error e = ERROR_INIT;

	if (!records(x) || result->status != AB_OK)
		return;
	if (cassette_record(x->t->env->cassette, &take, &e) != AB_OK)
		set_failed(result, e.status, e.text);
	buf_reset(&x->noted);
}
