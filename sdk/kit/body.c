/* body.c - bodies of requests: JSON, forms, GraphQL, plain text. */
#include <stdlib.h>

#include "kit.h"

#define FORM_TYPE "application/x-www-form-urlencoded"

/* Values on their way into one object: those that share a path so far. */
struct sets {
	struct body_set list[BODY_SETS]; /* the paths from here on */
	size_t n;
};

/* The sets behind the member `name` of this level; *json: the value of the one that ends there. */
static struct sets
sets_under(const struct sets *all, const char *name, const char **json)
{
	struct sets under = {.n = 0};
	char first[256];
	const char *rest;
	int is_wild;

	*json = NULL;
	for (size_t i = 0; i < all->n; i++) {
		rest = path_take(all->list[i].path, first, sizeof(first), &is_wild);
		if (rest == NULL || strcmp(first, name) != 0)
			continue;
		if (*rest == '\0')
			*json = all->list[i].json;
		else
			under.list[under.n++] = (struct body_set){rest, all->list[i].json};
	}
	return under;
}

static void
put_object(struct text *t, struct ab_host *h, const struct ab_json *old, const struct sets *sets);

static void
put_member(struct text *t, struct ab_host *h, const char *name, const struct ab_json *old,
    const struct sets *sets, const char *comma)
{
	const char *json;
	struct sets under = sets_under(sets, name, &json);

	text_adds(t, comma);
	text_add_quoted(t, name, strlen(name));
	text_adds(t, ": ");
	if (json != NULL)
		text_adds(t, json);
	else if (under.n > 0)
		put_object(t, h, old, &under);
	else
		text_adds(t, h->json_text(old).ptr);
}

/* An object with what it had and what is put into it. */
static void
put_object(struct text *t, struct ab_host *h, const struct ab_json *old, const struct sets *sets)
{
	size_t n = h->json_type(old) == AB_OBJECT ? h->json_len(old) : 0;
	const char *comma = "";
	char first[256], other[256];
	int is_wild, seen;

	text_adds(t, "{");
	for (size_t i = 0; i < n; i++) {
		put_member(t, h, h->json_key(old, i).ptr, h->json_at(old, i), sets, comma);
		comma = ", ";
	}
	for (size_t i = 0; i < sets->n; i++) {
		seen = path_take(sets->list[i].path, first, sizeof(first), &is_wild) == NULL;
		seen = seen || (n > 0 && h->json_get(old, first) != NULL);
		for (size_t k = 0; k < i && !seen; k++)
			seen =
			    path_take(sets->list[k].path, other, sizeof(other), &is_wild) != NULL &&
			    strcmp(first, other) == 0;
		if (!seen) {
			put_member(t, h, first, NULL, sets, comma);
			comma = ", ";
		}
	}
	text_adds(t, "}");
}

/* The table's body as JSON text; "{}" where it has none. */
static ab_status
json_text(const struct fetch *f, struct text *out)
{
	const struct rest_body *body = &f->s->body;
	int missing;
	ab_status rc = AB_OK;

	if (body->kind == REST_GRAPHQL) {
		text_adds(out, "{\"query\": ");
		text_add_quoted(out, body->text, strlen(body->text));
		text_adds(out, ", \"variables\": ");
		rc = template_fill(f, "body.variables",
		    body->variables != NULL ? body->variables : "{}", TEMPLATE_JSON, out, &missing);
		text_adds(out, "}");
	} else {
		rc = template_fill(f, "body.text", body->text != NULL ? body->text : "{}",
		    TEMPLATE_JSON, out, &missing);
	}
	return rc != AB_OK ? rc : out->failed ? request_no_memory(f->rest) : AB_OK;
}

static ab_status
make_json(const struct fetch *f, const struct body_set *list, size_t n, struct text *out)
{
	struct text plain = {0};
	struct sets sets = {.n = n};
	const struct ab_json *old;
	ab_status rc = json_text(f, &plain);

	if (n > 0)
		memcpy(sets.list, list, n * sizeof(*list));
	if (rc == AB_OK && n == 0) {
		text_add(out, plain.ptr, plain.len);
	} else if (rc == AB_OK) {
		old = f->h->json_parse(f->h, (struct ab_str){plain.ptr, plain.len});
		put_object(out, f->h, old, &sets);
	}
	text_fini(&plain);
	return rc;
}

static void
add_field(struct text *out, const char *key, const char *value)
{
	if (out->len > 0)
		text_adds(out, "&");
	text_add_percent(out, key, strlen(key));
	text_adds(out, "=");
	text_add_percent(out, value, strlen(value));
}

static ab_status
make_form(const struct fetch *f, const struct pairs *form, struct text *out)
{
	const char *const *fields = f->s->body.kind == REST_FORM ? f->s->body.fields : NULL;
	struct text value = {0};
	int missing;
	ab_status rc = AB_OK;

	text_adds(out, "");
	for (; rc == AB_OK && fields != NULL && fields[0] != NULL; fields += 2) {
		value.len = 0;
		text_adds(&value, "");
		rc = fields[1] == NULL
		    ? AB_OK
		    : template_fill(f, "body.fields", fields[1], TEMPLATE_TEXT, &value, &missing);
		if (rc == AB_OK && fields[1] != NULL && !missing)
			add_field(out, fields[0], value.ptr);
	}
	for (size_t i = 0; i < form->n; i += 2)
		add_field(out, form->list[i], form->list[i + 1]);
	text_fini(&value);
	return rc;
}

ab_status
body_make(const struct fetch *f, const struct body_set *sets, size_t nsets,
    const struct pairs *form, struct text *out, const char **type)
{
	const struct rest_body *body = &f->s->body;
	int missing;
	ab_status rc = AB_OK;

	*type = NULL;
	if (body->kind == REST_RAW) {
		*type = body->type != NULL ? body->type : "text/plain";
		rc = template_fill(f, "body.text", body->text, TEMPLATE_RAW, out, &missing);
	} else if (body->kind == REST_FORM || form->n > 0) {
		*type = FORM_TYPE;
		rc = make_form(f, form, out);
	} else if (body->kind != REST_NO_BODY || nsets > 0) {
		rc = make_json(f, sets, nsets, out);
	}
	return rc != AB_OK ? rc : out->failed ? request_no_memory(f->rest) : AB_OK;
}
