/* cassette_bend.c - answers that were never given, for tests of a connector: a refusal, no answer at all, lists without
 * elements. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "data/view.h"
#include "net/cassette_private.h"

#define VIEWS_MAX ((size_t)64 << 20)
#define MAX_DEPTH 64
#define REFUSAL	  "{\"error\": \"the test refuses this credential\"}"

void
cassette_again(struct cassette *c)
{
	c->again = 1;
}

int
cassette_bend(struct cassette *c, const char *how)
{
	static const char *const words[] = {"", "401", "unreachable", "empty"};

	for (size_t i = 1; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(how, words[i]) == 0) {
			c->bent = (enum cassette_bent)i;
			return 0;
		}
	return -1;
}

int
cassette_bent_answer(
    const struct cassette *c, struct http_response *resp, struct transfer_result *result)
{
	if (c->bent == CASSETTE_REFUSED) {
		resp->status = 401;
		if (headers_set(&resp->headers, "Content-Type", "application/json") != 0 ||
		    body_add(&resp->body, REFUSAL, strlen(REFUSAL)) != 0) {
			result->status = AB_ENOMEM;
			snprintf(result->detail, sizeof(result->detail), "out of memory");
		}
		return 1;
	}
	if (c->bent != CASSETTE_UNREACHABLE)
		return 0;
	result->outcome = RETRY_UNREACHABLE;
	result->blame = AB_ETRANSIENT;
	snprintf(result->detail, sizeof(result->detail), "the test makes every host unreachable");
	return 1;
}

static int add_value(struct buf *out, const struct ab_json *v, int depth);

static void
add_object(struct buf *out, const struct ab_json *v, int depth)
{
	struct ab_str key;

	buf_addc(out, '{');
	for (size_t i = 0; i < view_len(v); i++) {
		key = view_key(v, i);
		if (i > 0)
			buf_addc(out, ',');
		buf_add_json_string(out, key.ptr, key.len);
		buf_addc(out, ':');
		add_value(out, view_at(v, i), depth + 1);
	}
	buf_addc(out, '}');
}

/* A list of objects is what an API answers records in; one of numbers or texts says something else. */
static int
add_value(struct buf *out, const struct ab_json *v, int depth)
{
	struct ab_str span;

	if (view_type(v) == AB_ARRAY && (view_len(v) == 0 || view_type(view_at(v, 0)) == AB_OBJECT))
		return buf_adds(out, "[]");
	if (view_type(v) == AB_OBJECT && depth < MAX_DEPTH) {
		add_object(out, v, depth);
		return 0;
	}
	span = view_span(v);
	return buf_add(out, span.ptr, span.len);
}

int
cassette_empty_lists(struct buf *body)
{
	struct view_root root;
	const struct ab_json *v;
	struct buf out;
	int failed = 0;

	view_root_init(&root, VIEWS_MAX);
	v = view_parse(&root, buf_str(body), body->len, "a recorded answer");
	if (root.error.status == AB_OK && v != NULL) {
		buf_init(&out, body->max);
		add_value(&out, v, 0);
		failed = out.failed || root.error.status != AB_OK;
		if (!failed) {
			buf_reset(body);
			failed = buf_add(body, buf_str(&out), out.len) != 0;
		}
		buf_fini(&out);
	} else if (body->len > 0 && (*body->ptr == '{' || *body->ptr == '[')) {
		buf_reset(body); /* JSON Lines: one record behind the other */
	}
	view_root_fini(&root);
	return failed ? -1 : 0;
}
