/* view.c - see view.h.
 *
 * The first question about a container makes a table of its members (spans, no values); from then on
 * view_at and view_get answer from the table.  Nothing recurses: depth costs nothing. */
#include "data/view.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/scan_lex.h"
#include "data/value.h"
#include "data/view_skip.h"

#define SMALL_OBJECT 16 /* members up to which keys are compared one by one */

/* One text that was parsed. */
struct view_doc {
	struct view_root *root;
	const char *text, *what;
	size_t len;
};

struct view_kids {
	struct ab_json *kid;
	uint32_t
	    *slots; /* hash table of 1 + index into kid, 0: free; NULL where the object is small */
	uint32_t count, mask;
};

struct ab_json {
	struct view_doc *doc;
	const char *text, *key; /* key: unescaped, without quotes; not NUL-terminated */
	uint32_t len, klen;
	struct view_kids *kids; /* NULL: not asked for yet */
};

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

/* Always NULL. */
static void *
no_memory(struct view_root *r)
{
	error_set(
	    &r->error, AB_ENOMEM, "the views of one call need more than %zu bytes", r->arena.max);
	return NULL;
}

/* Marks the root as broken: what stands at `at` is not what was expected. Always NULL. */
static void *
fail_at(const struct view_doc *doc, const char *at, const char *expected)
{
	const struct lex x = {.at = at, .expected = expected};
	struct error e = ERROR_INIT;

	lex_error(&x, doc->text, doc->len, &e);
	error_set(&doc->root->error, e.status, "%s is %s", doc->what, e.text);
	return NULL;
}

/* Always NULL. */
static void *
fail_type(const struct ab_json *v, const char *wanted)
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
		return no_memory(r);
	*doc = (struct view_doc){.root = r, .text = text, .len = len, .what = name};
	return doc;
}

/* The first bytes tell a person what came instead of JSON. */
static void *
fail_start(const struct view_doc *doc, const char *p)
{
	char shown[LEX_QUOTE_BYTES];
	const char *end = doc->text + doc->len;

	if (p == end)
		error_set(
		    &doc->root->error, AB_EDATA, "%s is empty, where JSON was expected", doc->what);
	else
		error_set(&doc->root->error, AB_EDATA, "%s is not JSON: it begins with \"%s\"",
		    doc->what, lex_quote(shown, p, (size_t)(end - p)));
	return NULL;
}

const struct ab_json *
view_parse(struct view_root *r, const char *text, size_t len, const char *what)
{
	const char *p = text, *end = text + len, *behind;
	struct view_doc *doc = new_doc(r, text, len, what);
	struct ab_json *v;

	if (doc == NULL)
		return NULL;
	if (len > SCAN_MAX_BYTES) {
		error_set(
		    &r->error, AB_EDATA, "%s is %zu bytes long, more than can be read", what, len);
		return NULL;
	}
	if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	p = skip_space(p, end);
	behind = skip_value(p, end);
	if (behind == NULL && (p == end || strchr("{[\"", *p) == NULL || *p == '\0'))
		return fail_start(doc, p);
	if (behind == NULL)
		return fail_at(doc, end, *p == '"' ? "a closing quote" : "a closing bracket");
	if (skip_space(behind, end) != end)
		return fail_at(doc, skip_space(behind, end), "nothing more");
	v = arena_alloc(&r->arena, sizeof(*v));
	if (v == NULL)
		return no_memory(r);
	*v = (struct ab_json){.doc = doc, .text = p, .len = (uint32_t)(behind - p)};
	return v;
}

/* A checked, unescaped copy of the string whose quotes are at text[0] and text[len - 1], with a NUL. */
static struct ab_str
copy_string(const struct view_doc *doc, const char *text, size_t len)
{
	struct arena *arena = &doc->root->arena;
	char *copy = arena_alloc(arena, len + SCAN_PADDING);
	struct lex x = {0};
	unsigned flags = 0;
	int lossy;

	if (copy == NULL) {
		no_memory(doc->root);
		return (struct ab_str){"", 0};
	}
	memcpy(copy, text, len);
	memset(copy + len, 0, SCAN_PADDING);
	if (lex_string(&x, copy + 1, &flags) == NULL) {
		fail_at(doc, text + (x.at - copy), x.expected);
		return (struct ab_str){"", 0};
	}
	len = value_unescape(copy + 1, len - 2, copy + 1, &lossy);
	return (struct ab_str){copy + 1, len};
}

static struct ab_json *
add_kid(struct view_root *r, size_t n)
{
	size_t most = r->arena.max / sizeof(struct ab_json);
	size_t more = r->cap_scratch == 0 ? 64 : r->cap_scratch * 2;
	struct ab_json *grown;

	if (n < r->cap_scratch)
		return &r->scratch[n];
	if (more > most)
		more = most;
	grown = more <= n ? NULL : realloc(r->scratch, more * sizeof(*grown));
	if (grown == NULL)
		return no_memory(r);
	r->scratch = grown;
	r->cap_scratch = more;
	return &r->scratch[n];
}

/* Reads `"key":` at p into kid; returns the value's place. */
static const char *
read_key(struct view_doc *doc, const char *p, const char *end, struct ab_json *kid)
{
	const char *behind = *p == '"' ? skip_string(p, end) : NULL;
	struct ab_str key;

	if (behind == NULL)
		return fail_at(doc, p, "a key");
	kid->key = p + 1;
	kid->klen = (uint32_t)(behind - p - 2);
	if (memchr(kid->key, '\\', kid->klen) != NULL) {
		key = copy_string(doc, p, (size_t)(behind - p));
		if (doc->root->error.status != AB_OK)
			return NULL;
		kid->key = key.ptr;
		kid->klen = (uint32_t)key.len;
	}
	p = skip_space(behind, end);
	if (p == end || *p != ':')
		return fail_at(doc, p, "':'");
	return skip_space(p + 1, end);
}

/* Reads the members of v into the root's scratch table; how many, or -1. */
static int64_t
read_kids(const struct ab_json *v)
{
	const char *end = v->text + v->len - 1, *p = skip_space(v->text + 1, end), *behind;
	struct ab_json *kid;
	int64_t n = 0;

	if (*end != *v->text + 2) {
		fail_at(v->doc, end, *v->text == '{' ? "'}'" : "']'");
		return -1;
	}
	if (p == end)
		return 0;
	for (;; p++) {
		kid = add_kid(v->doc->root, (size_t)n);
		if (kid == NULL)
			return -1;
		*kid = (struct ab_json){.doc = v->doc};
		p = skip_space(p, end);
		if (*v->text == '{')
			p = read_key(v->doc, p, end, kid);
		behind = p == NULL ? NULL : skip_value(p, end);
		if (behind == NULL) {
			if (p != NULL)
				fail_at(v->doc, p, "a value");
			return -1;
		}
		kid->text = p;
		kid->len = (uint32_t)(behind - p);
		n++;
		p = skip_space(behind, end);
		if (p == end)
			return n;
		if (*p != ',') {
			fail_at(v->doc, p, *v->text == '{' ? "',' or '}'" : "',' or ']'");
			return -1;
		}
	}
}

static int
same_key(const struct ab_json *kid, const char *key, size_t len)
{
	return kid->klen == len && memcmp(kid->key, key, len) == 0;
}

/* Where `key` is, or belongs, in the hash table. */
static uint32_t *
find_slot(const struct view_kids *kids, const char *key, size_t len)
{
	uint32_t i = (uint32_t)value_hash(key, len) & kids->mask;

	while (kids->slots[i] != 0 && !same_key(&kids->kid[kids->slots[i] - 1], key, len))
		i = (i + 1) & kids->mask;
	return &kids->slots[i];
}

/* -1: no memory. */
static int
hash_keys(struct view_kids *kids, struct arena *arena)
{
	size_t n = 2 * SMALL_OBJECT;

	while (n < 2 * (size_t)kids->count)
		n *= 2;
	kids->slots = arena_alloc(arena, n * sizeof(*kids->slots));
	if (kids->slots == NULL)
		return -1;
	memset(kids->slots, 0, n * sizeof(*kids->slots));
	kids->mask = (uint32_t)(n - 1);
	for (uint32_t i = 0; i < kids->count; i++)
		*find_slot(kids, kids->kid[i].key, kids->kid[i].klen) = i + 1;
	return 0;
}

/* The members of a container, NULL where v is none or is broken. */
static struct view_kids *
kids_of(const struct ab_json *v, const char *wanted)
{
	struct ab_json *self = (struct ab_json *)(uintptr_t)v; /* the table is a cache */
	struct arena *arena;
	struct view_kids *kids;
	int64_t n;

	if (v == NULL || *v->text == 'n')
		return NULL;
	if (*v->text != '{' && (*v->text != '[' || *wanted == '{'))
		return fail_type(v, *wanted == '{' ? "an object" : "an array or object");
	if (v->kids != NULL || v->doc->root->error.status != AB_OK)
		return v->kids;
	n = read_kids(v);
	if (n < 0)
		return NULL;
	arena = &v->doc->root->arena;
	kids = arena_alloc(arena, sizeof(*kids));
	if (kids == NULL)
		return no_memory(v->doc->root);
	*kids = (struct view_kids){.count = (uint32_t)n};
	kids->kid = arena_alloc(arena, (size_t)n * sizeof(*kids->kid));
	if (kids->kid == NULL)
		return no_memory(v->doc->root);
	if (n > 0)
		memcpy(kids->kid, v->doc->root->scratch, (size_t)n * sizeof(*kids->kid));
	if (*v->text == '{' && n > SMALL_OBJECT && hash_keys(kids, arena) != 0)
		return no_memory(v->doc->root);
	self->kids = kids;
	return kids;
}

const struct ab_json *
view_get(const struct ab_json *v, const char *key)
{
	const struct view_kids *kids = kids_of(v, "{");
	size_t len = strlen(key);
	uint32_t i;

	if (kids == NULL)
		return NULL;
	if (kids->slots != NULL) {
		i = *find_slot(kids, key, len);
		return i == 0 ? NULL : &kids->kid[i - 1];
	}
	for (i = kids->count; i > 0; i--) {
		if (same_key(&kids->kid[i - 1], key, len))
			return &kids->kid[i - 1];
	}
	return NULL;
}

const struct ab_json *
view_at(const struct ab_json *v, size_t i)
{
	const struct view_kids *kids = kids_of(v, "[");

	return kids == NULL || i >= kids->count ? NULL : &kids->kid[i];
}

size_t
view_len(const struct ab_json *v)
{
	const struct view_kids *kids = kids_of(v, "[");

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
	const struct view_kids *kids = kids_of(v, "{");
	const struct ab_json *kid;

	if (kids == NULL || i >= kids->count)
		return (struct ab_str){"", 0};
	kid = &kids->kid[i];
	if (is_raw_key(kid))
		return copy_string(v->doc, kid->key - 1, (size_t)kid->klen + 2);
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
		fail_type(v, "an integer");
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
		fail_type(v, "an integer");
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
		fail_type(v, "a number");
		return 0;
	}
}

struct ab_str
view_str(const struct ab_json *v)
{
	struct ab_str none = {"", 0};

	if (view_type(v) == AB_NULL)
		return none;
	if (view_type(v) == AB_STRING)
		return copy_string(v->doc, v->text, v->len);
	fail_type(v, "a string");
	return none;
}

struct ab_str
view_span(const struct ab_json *v)
{
	return v == NULL ? (struct ab_str){"null", 4} : (struct ab_str){v->text, v->len};
}

struct ab_str
view_text(const struct ab_json *v)
{
	struct ab_str span = view_span(v);
	const char *copy;

	if (v == NULL)
		return span;
	copy = arena_dup(&v->doc->root->arena, span.ptr, span.len);
	if (copy == NULL) {
		no_memory(v->doc->root);
		return (struct ab_str){"", 0};
	}
	return (struct ab_str){copy, span.len};
}
