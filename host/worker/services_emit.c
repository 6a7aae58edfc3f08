/* services_emit.c - the part of struct ab_host by which a connector hands things over: streams, records, tokens,
 * state.  All of it is checked and copied here; what is wrong fails the call, whatever the call returns. */
#include "worker/hosted.h"

#include <string.h>

#include "base/utf8.h"
#include "worker/describe.h"

static ab_status
not_open(struct hosted *s, const char *function)
{
	struct error e = ERROR_INIT;

	error_set(&e, AB_EBUG, "%s was called for something that is not being filled", function);
	return hosted_broken(s, &e);
}

static ab_status
end(struct hosted *s, ab_status rc, const struct error *e)
{
	return rc == AB_OK ? rc : hosted_broken(s, e);
}

static ab_status
check_text(const char *json, const char *function, struct error *e)
{
	if (json == NULL)
		return error_set(e, AB_EBUG, "%s got NULL", function);
	if (strnlen(json, CHAN_MAX_TEXT / 4) == CHAN_MAX_TEXT / 4)
		return error_set(
		    e, AB_EBUG, "%s got a text of more than %u bytes", function, CHAN_MAX_TEXT / 4);
	return AB_OK;
}

static ab_status
svc_add_stream(struct ab_catalog *c, const char *json)
{
	struct error e = ERROR_INIT;
	struct chan_msg m = {.type = CHAN_STREAM};
	ab_status rc;

	if (!c->open)
		return not_open(c->hosted, "add_stream");
	rc = check_text(json, "add_stream", &e);
	if (rc == AB_OK)
		rc = describe_stream(json, strlen(json), &e);
	if (rc == AB_OK) {
		m.text[0] = (struct ab_str){json, strlen(json)};
		rc = uplink_send(c->hosted->lane.up, &m, &e);
	}
	return end(c->hosted, rc, &e);
}

static ab_status
svc_emit(struct ab_page *p, const struct ab_json *v)
{
	struct hosted *s = p->hosted;
	struct error e = ERROR_INIT;
	struct ab_response *r = NULL;
	ab_status rc;

	if (!p->open)
		return not_open(s, "emit");
	if (p->keep && !s->is_strict && view_type(v) == AB_ARRAY)
		r = services_find_body(s, view_span(v));
	rc = page_add(p, v, r != NULL, &e);
	if (r != NULL)
		r->pinned = 1;
	return end(s, rc, &e);
}

static ab_status
svc_emit_text(struct ab_page *p, struct ab_str text)
{
	struct hosted *s = p->hosted;
	struct error e = ERROR_INIT;
	const struct ab_json *v;
	ab_status rc = AB_OK;

	if (!p->open)
		return not_open(s, "emit_text");
	if (text.ptr == NULL)
		text = (struct ab_str){"", 0};
	do {
		view_root_reset(&s->scratch);
		v = view_next(&s->scratch, &text, "emit_text's text");
		if (v != NULL)
			rc = page_add(p, v, 0, &e);
	} while (v != NULL && rc == AB_OK);
	if (s->scratch.error.status != AB_OK) {
		e = s->scratch.error;
		rc = e.status;
	}
	return end(s, rc, &e);
}

static ab_status
put_text(struct buf *b, const char *text, const char *function, struct error *e)
{
	buf_reset(b);
	if (buf_adds(b, text) != 0)
		return error_set(
		    e, AB_EDATA, "%s got a text of more than %zu bytes", function, b->max);
	return AB_OK;
}

static ab_status
svc_about(struct ab_page *p, const char *json)
{
	struct error e = ERROR_INIT;
	ab_status rc;

	if (!p->open)
		return not_open(p->hosted, "about");
	buf_reset(&p->about);
	if (json == NULL)
		return AB_OK;
	rc = check_text(json, "about", &e);
	if (rc == AB_OK)
		rc = describe_about(json, strlen(json), &e);
	if (rc == AB_OK)
		rc = put_text(&p->about, json, "about", &e);
	return end(p->hosted, rc, &e);
}

static ab_status
svc_next(struct ab_page *p, const char *token)
{
	struct error e = ERROR_INIT;
	ab_status rc = AB_OK;

	if (!p->open)
		return not_open(p->hosted, "next");
	p->has_token = token != NULL;
	if (token != NULL && !utf8_valid(token, strnlen(token, PAGE_MAX_TOKEN)))
		rc = error_set(&e, AB_EDATA, "the next page's token is not UTF-8");
	else if (token != NULL && http_token_to_keep(p->hosted->http, token, &p->token) != 0)
		rc =
		    error_set(&e, AB_EDATA, "next got a text of more than %zu bytes", p->token.max);
	return end(p->hosted, rc, &e);
}

static ab_status
svc_set_state(struct ab_state *st, const char *json)
{
	struct error e = ERROR_INIT;
	ab_status rc;

	if (!st->open)
		return not_open(st->hosted, "set_state");
	rc = check_text(json, "set_state", &e);
	if (rc == AB_OK)
		rc = describe_state(json, strlen(json), &e);
	if (rc == AB_OK)
		rc = put_text(&st->text, json, "set_state", &e);
	st->is_set = rc == AB_OK;
	return end(st->hosted, rc, &e);
}

void
services_fill_emit(struct ab_host *h)
{
	h->add_stream = svc_add_stream;
	h->emit = svc_emit;
	h->emit_text = svc_emit_text;
	h->about = svc_about;
	h->next = svc_next;
	h->set_state = svc_set_state;
}
