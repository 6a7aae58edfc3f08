/* cassette_fault.c - what a test puts in the place of one recorded answer: errors, and answers that make no sense.
 *
 * An error repeats what the request carried, credentials included, as some APIs do: they must not come out anywhere. */
#include <config.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/cassette_private.h"

#define ECHO_MAX ((size_t)1 << 20)

enum {
	FAULT_NONE,
	FAULT_STATUS, /* a whole answer with this status */
	FAULT_RESET,
	FAULT_CUT,
	FAULT_BODY, /* a good answer with this body */
	FAULT_TYPES
};

static const struct cassette_fault {
	const char *name;
	int what, status;
	const char *type, *body;
} faults[] = {{"401", FAULT_STATUS, 401, NULL, NULL}, {"403", FAULT_STATUS, 403, NULL, NULL},
    {"404", FAULT_STATUS, 404, NULL, NULL}, {"429", FAULT_STATUS, 429, NULL, NULL},
    {"500", FAULT_STATUS, 500, NULL, NULL}, {"reset", FAULT_RESET, 0, NULL, NULL},
    {"truncated", FAULT_CUT, 0, NULL, NULL},
    {"html", FAULT_BODY, 200, "text/html",
	"<!DOCTYPE html>\n<html><body><h1>Please sign in</h1></body></html>\n"},
    {"empty", FAULT_BODY, 200, "application/json", "{}"},
    {"null", FAULT_BODY, 200, "application/json", "null"}, {"types", FAULT_TYPES, 0, NULL, NULL}};

int
cassette_fault(struct cassette *c, uint32_t exchange, const char *kind)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strcmp(faults[i].name, kind) == 0) {
			c->fault = &faults[i];
			c->fault_at = exchange;
			return 0;
		}
	return -1;
}

int
cassette_is_faulty(const struct cassette *c, const struct tape *t)
{
	return c->fault != NULL && strtoul(t->name, NULL, 10) == c->fault_at;
}

/* A status of 4xx or 5xx and a body that says what the request was. */
static void
make_echo(const struct cassette_fault *f, const struct transfer_request *r, struct buf *out)
{
	struct buf text;

	buf_init(&text, ECHO_MAX);
	buf_addf(&text, "error %d: %s %s", f->status, r->method, r->url);
	for (const char *line = headers_next(r->headers, NULL); line != NULL;
	     line = headers_next(r->headers, line))
		buf_addf(&text, ", %s", line);
	buf_adds(out, "{\"error\": {\"message\": ");
	buf_add_json_string(out, buf_str(&text), text.len);
	buf_adds(out, "}}");
	out->failed |= text.failed;
	if (text.ptr != NULL)
		explicit_bzero(text.ptr, text.cap);
	buf_fini(&text);
}

static const char *
skip_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p < end ? p + 1 : end;
}

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && strchr(" \t\r\n", *p) != NULL)
		p++;
	return p;
}

/* Numbers and words. */
static const char *
skip_word(const char *p, const char *end)
{
	while (p < end && (isalnum((unsigned char)*p) || strchr("+-.", *p) != NULL))
		p++;
	return p;
}

/* Each value of its JSON becomes one of another type: a string a number, a number and a boolean a string, null a list;
 * objects, lists and keys stay. */
static void
change_types(const char *p, const char *end, struct buf *out)
{
	const char *from;

	while (p < end) {
		from = p;
		if (*p == '"') {
			p = skip_string(p, end);
			if (skip_blanks(p, end) < end && *skip_blanks(p, end) == ':')
				buf_add(out, from, (size_t)(p - from));
			else
				buf_adds(out, "7");
		} else if (isalnum((unsigned char)*p) || *p == '-') {
			p = skip_word(p, end);
			buf_adds(out, *from == 'n' ? "[]" : "\"seven\"");
		} else {
			buf_addc(out, *p++);
		}
	}
}

static int
is_json(const struct http_response *resp)
{
	const char *p;

	if (resp->body.len == 0)
		return 0;
	p = skip_blanks(resp->body.ptr, resp->body.ptr + resp->body.len);
	return p < resp->body.ptr + resp->body.len && strchr("{[", *p) != NULL;
}

static int
put_body(struct http_response *resp, const struct buf *text)
{
	resp->body.len = 0;
	return text->failed ? -1 : body_add(&resp->body, buf_str(text), text->len);
}

static void
set_broken(struct transfer_result *result, const char *why)
{
	result->outcome = RETRY_BROKEN;
	result->blame = AB_ETRANSIENT;
	snprintf(result->detail, sizeof(result->detail), "%s", why);
}

static int
put_answer(const struct cassette_fault *f, const struct transfer_request *r,
    struct http_response *resp, struct transfer_result *result)
{
	struct buf text;
	int rc;

	buf_init(&text, 2 * ECHO_MAX);
	if (f->body != NULL)
		buf_adds(&text, f->body);
	else
		make_echo(f, r, &text);
	headers_reset(&resp->headers);
	rc = headers_set(
	    &resp->headers, "Content-Type", f->type != NULL ? f->type : "application/json");
	resp->status = f->status;
	result->outcome = RETRY_ANSWERED;
	if (rc == 0)
		rc = put_body(resp, &text);
	buf_fini(&text);
	return rc;
}

static int
put_types(struct http_response *resp)
{
	struct buf text;
	int rc = 0;

	if (!is_json(resp))
		return 0;
	buf_init(&text, 16 * resp->body.len + 16);
	change_types(resp->body.ptr, resp->body.ptr + resp->body.len, &text);
	rc = put_body(resp, &text);
	buf_fini(&text);
	return rc;
}

int
cassette_put_fault(const struct cassette *c, const struct transfer_request *r,
    struct http_response *resp, struct transfer_result *result)
{
	switch (c->fault->what) {
	case FAULT_RESET:
		resp->status = 0;
		headers_reset(&resp->headers);
		resp->body.len = 0;
		set_broken(result, "the connection was reset");
		return 0;
	case FAULT_CUT:
		resp->body.len /= 2;
		set_broken(result, "the body ended too early");
		return 0;
	case FAULT_TYPES:
		return put_types(resp);
	case FAULT_BODY:
		return is_json(resp) ? put_answer(c->fault, r, resp, result) : 0;
	default:
		return put_answer(c->fault, r, resp, result);
	}
}
