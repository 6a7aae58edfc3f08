/* view.c - see view.h.
 *
 * Members are view_kids.c's.  Nothing recurses: depth costs nothing. */
#include "data/view.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/scan_lex.h"
#include "data/value.h"
#include "data/view_private.h"
#include "data/view_skip.h"

void
view_root_init(struct view_root *r, size_t max_bytes)
{
	*r = (struct view_root){0};
	arena_init(&r->arena, max_bytes);
}

void
view_root_fini(struct view_root *r)
{
	arena_fini(&r->arena);
	free(r->scratch);
	r->scratch = NULL;
	r->cap_scratch = 0;
}

void
view_root_reset(struct view_root *r)
{
	arena_reset(&r->arena);
	error_clear(&r->error);
}

const struct view_root *
view_root_of(const struct ab_json *v)
{
	return v->doc->root;
}

void *
view_no_memory(struct view_root *r)
{
	error_set(
	    &r->error, AB_ENOMEM, "the views of one call need more than %zu bytes", r->arena.max);
	return NULL;
}

void *
view_fail_at(const struct view_doc *doc, const char *at, const char *expected)
{
	const struct lex x = {.at = at, .expected = expected};
	struct error e = ERROR_INIT;

	lex_error(&x, doc->text, doc->len, &e);
	error_set(&doc->root->error, e.status, "%s is %s", doc->what, e.text);
	return NULL;
}

void *
view_fail_type(const struct ab_json *v, const char *wanted)
{
	char shown[LEX_QUOTE_BYTES], key[LEX_QUOTE_BYTES];

	lex_quote(shown, v->text, v->len);
	if (v->key == NULL)
		error_set(&v->doc->root->error, AB_EDATA, "%s: %s was read as %s, at byte %zu",
		    v->doc->what, shown, wanted, (size_t)(v->text - v->doc->text));
	else
		error_set(&v->doc->root->error, AB_EDATA,
		    "%s: \"%s\" is %s and was read as %s, at byte %zu", v->doc->what,
		    lex_quote(key, v->key, v->klen), shown, wanted,
		    (size_t)(v->text - v->doc->text));
	return NULL;
}

static struct view_doc *
new_doc(struct view_root *r, const char *text, size_t len, const char *what)
{
	struct view_doc *doc = arena_alloc(&r->arena, sizeof(*doc));
	const char *name = arena_dup(&r->arena, what, strlen(what));

	if (doc == NULL || name == NULL)
		return view_no_memory(r);
	if (len > SCAN_MAX_BYTES) {
		error_set(
		    &r->error, AB_EDATA, "%s is %zu bytes long, more than can be read", what, len);
		return NULL;
	}
	*doc = (struct view_doc){.root = r, .text = text, .len = len, .what = name};
	return doc;
}

/* By its mark, or because one of two bytes is zero where JSON begins. */
static int
is_utf16(const char *p, const char *end)
{
	return end - p >= 2 &&
	    (memcmp(p, "\xff\xfe", 2) == 0 || memcmp(p, "\xfe\xff", 2) == 0 || p[0] == '\0' ||
		p[1] == '\0');
}

/* The first bytes tell a person what came instead of JSON. */
static void *
fail_start(const struct view_doc *doc, const char *p)
{
	char shown[LEX_QUOTE_BYTES];
	const char *end = doc->text + doc->len;

	if (is_utf16(p, end))
		error_set(&doc->root->error, AB_EDATA,
		    "%s is UTF-16 or UTF-32 text; JSON is read in UTF-8 only", doc->what);
	else if (p == end)
		error_set(
		    &doc->root->error, AB_EDATA, "%s is empty, where JSON was expected", doc->what);
	else
		error_set(&doc->root->error, AB_EDATA, "%s is not JSON: it begins with \"%s\"",
		    doc->what, lex_quote(shown, p, (size_t)(end - p)));
	return NULL;
}

/* A byte order mark of UTF-8 says nothing. */
static const char *
skip_mark(const char *p, const char *end)
{
	return end - p >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? p + 3 : p;
}

/* The value that begins at p; *behind: where it ends. */
static const struct ab_json *
parse_at(struct view_doc *doc, const char *p, const char **behind)
{
	const char *end = doc->text + doc->len;
	struct ab_json *v;

	*behind = p < end && *p == '{' ? skip_object(p, end, &doc->most) : skip_value(p, end);
	if (*behind == NULL && (p == end || strchr("{[\"", *p) == NULL || *p == '\0'))
		return fail_start(doc, p);
	if (*behind == NULL && is_utf16(p, end))
		return fail_start(doc, p);
	if (*behind == NULL)
		return view_fail_at(doc, end, *p == '"' ? "a closing quote" : "a closing bracket");
	v = arena_alloc(&doc->root->arena, sizeof(*v));
	if (v == NULL)
		return view_no_memory(doc->root);
	*v = (struct ab_json){.doc = doc, .text = p, .len = (uint32_t)(*behind - p)};
	return v;
}

const struct ab_json *
view_parse(struct view_root *r, const char *text, size_t len, const char *what)
{
	const char *end = text + len, *behind;
	struct view_doc *doc = new_doc(r, text, len, what);
	const struct ab_json *v;

	if (doc == NULL)
		return NULL;
	v = parse_at(doc, skip_space(skip_mark(text, end), end), &behind);
	if (v != NULL && skip_space(behind, end) != end)
		return view_fail_at(doc, skip_space(behind, end), "nothing more");
	return v;
}

const struct ab_json *
view_next(struct view_root *r, struct ab_str *text, const char *what)
{
	const char *end = text->ptr + text->len;
	const char *p = skip_space(skip_mark(text->ptr, end), end), *behind;
	const struct ab_json *v = NULL;
	struct view_doc *doc;

	if (p < end) {
		doc = new_doc(r, text->ptr, text->len, what);
		v = doc == NULL ? NULL : parse_at(doc, p, &behind);
	}
	p = v != NULL ? behind : end;
	*text = (struct ab_str){p, (size_t)(end - p)};
	return v;
}

struct ab_str
view_copy_string(const struct view_doc *doc, const char *text, size_t len)
{
	struct arena *arena = &doc->root->arena;
	char *copy = arena_alloc(arena, len + SCAN_PADDING);
	struct lex x = {0};
	unsigned flags = 0;
	int lossy;

	if (copy == NULL) {
		view_no_memory(doc->root);
		return (struct ab_str){"", 0};
	}
	memcpy(copy, text, len);
	memset(copy + len, 0, SCAN_PADDING);
	if (lex_string(&x, copy + 1, &flags) == NULL) {
		view_fail_at(doc, text + (x.at - copy), x.expected);
		return (struct ab_str){"", 0};
	}
	len = value_unescape(copy + 1, len - 2, copy + 1, &lossy);
	return (struct ab_str){copy + 1, len};
}

const struct ab_json *
view_get(const struct ab_json *v, const char *key)
{
	const struct view_kids *kids = view_kids_of(v, "{");

	return kids == NULL ? NULL : view_kids_find(kids, key, strlen(key));
}

const struct ab_json *
view_at(const struct ab_json *v, size_t i)
{
	const struct view_kids *kids = view_kids_of(v, "[");

	return kids == NULL || i >= kids->count ? NULL : &kids->kid[i];
}

size_t
view_len(const struct ab_json *v)
{
	const struct view_kids *kids = view_kids_of(v, "[");

	return kids == NULL ? 0 : kids->count;
}

/* Was the key left where it stands in the text, unescaped and unchecked? */
static int
is_raw_key(const struct ab_json *v)
{
	const uintptr_t key = (uintptr_t)v->key, text = (uintptr_t)v->doc->text;

	return key > text && key < text + v->doc->len;
}

struct ab_str
view_key(const struct ab_json *v, size_t i)
{
	const struct view_kids *kids = view_kids_of(v, "{");
	const struct ab_json *kid;

	if (kids == NULL || i >= kids->count)
		return (struct ab_str){"", 0};
	kid = &kids->kid[i];
	if (is_raw_key(kid))
		return view_copy_string(v->doc, kid->key - 1, (size_t)kid->klen + 2);
	return (struct ab_str){kid->key, kid->klen};
}

int
view_type(const struct ab_json *v)
{
	if (v == NULL)
		return AB_NULL;
	switch (*v->text) {
	case 'n':
		return AB_NULL;
	case 't':
	case 'f':
		return AB_BOOL;
	case '"':
		return AB_STRING;
	case '[':
		return AB_ARRAY;
	case '{':
		return AB_OBJECT;
	default:
		for (uint32_t i = 0; i < v->len; i++) {
			if (v->text[i] == '.' || (v->text[i] | 0x20) == 'e')
				return AB_REAL;
		}
		return AB_INT;
	}
}

/* A literal with a fraction or exponent, or out of range. */
static int64_t
real_as_int(const struct ab_json *v)
{
	double d;

	value_real(v->text, v->len, &d);
	if (d >= 0x1p63)
		return INT64_MAX;
	if (d < -0x1p63)
		return INT64_MIN;
	if (d != (double)(int64_t)d)
		view_fail_type(v, "an integer");
	return (int64_t)d;
}

int64_t
view_int(const struct ab_json *v)
{
	int64_t n;

	switch (view_type(v)) {
	case AB_NULL:
		return 0;
	case AB_BOOL:
		return *v->text == 't';
	case AB_INT:
	case AB_REAL:
		return value_int(v->text, v->len, &n) == 0 ? n : real_as_int(v);
	default:
		view_fail_type(v, "an integer");
		return 0;
	}
}

double
view_real(const struct ab_json *v)
{
	double d = 0;

	switch (view_type(v)) {
	case AB_NULL:
		return 0;
	case AB_INT:
	case AB_REAL:
		value_real(v->text, v->len, &d);
		return d;
	default:
		view_fail_type(v, "a number");
		return 0;
	}
}

/* Kept, so that a value that is asked for again and again (a configuration's, on every page) costs its memory once. */
static struct view_texts *
texts_of(const struct ab_json *v)
{
	struct ab_json *self = (struct ab_json *)(uintptr_t)v;

	if (v->texts == NULL) {
		self->texts = arena_alloc(&v->doc->root->arena, sizeof(*v->texts));
		if (v->texts == NULL)
			view_no_memory(v->doc->root);
		else
			*self->texts = (struct view_texts){{NULL, 0}, {NULL, 0}};
	}
	return v->texts;
}

static struct ab_str
string_copy(const struct ab_json *v)
{
	struct view_texts *texts = texts_of(v);

	if (texts == NULL)
		return (struct ab_str){"", 0};
	if (texts->copy.ptr == NULL)
		texts->copy = view_copy_string(v->doc, v->text, v->len);
	return texts->copy;
}

struct ab_str
view_str(const struct ab_json *v)
{
	struct ab_str none = {"", 0};

	if (view_type(v) == AB_NULL)
		return none;
	if (view_type(v) == AB_STRING)
		return string_copy(v);
	view_fail_type(v, "a string");
	return none;
}

struct ab_str
view_span(const struct ab_json *v)
{
	return v == NULL ? (struct ab_str){"null", 4} : (struct ab_str){v->text, v->len};
}

static struct ab_str
text_copy(const struct ab_json *v)
{
	const char *copy = arena_dup(&v->doc->root->arena, v->text, v->len);

	if (copy == NULL) {
		view_no_memory(v->doc->root);
		return (struct ab_str){"", 0};
	}
	return (struct ab_str){copy, v->len};
}

struct ab_str
view_text(const struct ab_json *v)
{
	struct view_texts *texts;
	int type = view_type(v);

	if (v == NULL)
		return view_span(v);
	if (type == AB_OBJECT || type == AB_ARRAY)
		return text_copy(v);
	if ((texts = texts_of(v)) == NULL)
		return (struct ab_str){"", 0};
	if (texts->text.ptr == NULL)
		texts->text = text_copy(v);
	return texts->text;
}
