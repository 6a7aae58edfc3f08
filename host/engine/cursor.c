/* cursor.c - see cursor.h. */
#include "engine/cursor.h"

#include <string.h>

#include "base/clock.h"
#include "data/value.h"

#define VIEW_BYTES (1u << 20) /* for the views of one record's nested path */

void
cursor_init(struct cursor *c, const char *const *path, int is_time)
{
	memset(c, 0, sizeof(*c));
	c->path = path;
	c->name_len = path == NULL ? 0 : strlen(path[0]);
	c->is_time = is_time;
	buf_init(&c->floor.raw, CURSOR_MAX_VALUE);
	buf_init(&c->floor.text, CURSOR_MAX_VALUE);
	buf_init(&c->known.raw, CURSOR_MAX_VALUE);
	buf_init(&c->known.text, CURSOR_MAX_VALUE);
	buf_init(&c->best.raw, CURSOR_MAX_VALUE);
	buf_init(&c->best.text, CURSOR_MAX_VALUE);
	buf_init(&c->scratch, CURSOR_MAX_VALUE + 1);
	view_root_init(&c->views, VIEW_BYTES);
}

void
cursor_fini(struct cursor *c)
{
	buf_fini(&c->floor.raw);
	buf_fini(&c->floor.text);
	buf_fini(&c->known.raw);
	buf_fini(&c->known.text);
	buf_fini(&c->best.raw);
	buf_fini(&c->best.text);
	buf_fini(&c->scratch);
	view_root_fini(&c->views);
}

static int
kept_set(struct cursor_kept *k, const struct cursor_value *v)
{
	buf_reset(&k->raw);
	buf_reset(&k->text);
	k->value = *v;
	if (buf_add(&k->raw, v->raw.ptr, v->raw.len) != 0 ||
	    buf_add(&k->text, v->text.ptr, v->text.len) != 0) {
		k->value.kind = CURSOR_NONE;
		return -1;
	}
	k->value.raw.ptr = buf_str(&k->raw);
	k->value.text.ptr = k->value.number.text = buf_str(&k->text);
	return 0;
}

static struct cursor_value
number_value(const char *num, size_t len, int is_real)
{
	return (struct cursor_value){
	    CURSOR_NUMBER, number_read(num, len, is_real), {num, len}, {num, len}};
}

/* str: between the quotes, which stand around it. */
static struct cursor_value
text_value(struct cursor *c, const char *str, size_t len, int escaped)
{
	struct cursor_value v = {CURSOR_TEXT, {0}, {str - 1, len + 2}, {str, len}};
	int lossy = 0;

	if (len + 2 > CURSOR_MAX_VALUE) {
		v.kind = CURSOR_NONE;
	} else if (escaped) {
		char *out;

		buf_reset(&c->scratch);
		out = buf_reserve(&c->scratch, len);
		if (out == NULL)
			v.kind = CURSOR_NONE;
		else
			v.text = (struct ab_str){out, value_unescape(str, len, out, &lossy)};
	}
	return v;
}

/* One scalar as JSON bytes. */
static struct cursor_value
json_value(struct cursor *c, const char *json, size_t len)
{
	struct cursor_value none = {CURSOR_NONE, {0}, {"", 0}, {"", 0}};

	if (len == 0 || len > CURSOR_MAX_VALUE)
		return none;
	if (*json == '"' && len >= 2)
		return text_value(c, json + 1, len - 2, memchr(json, '\\', len) != NULL);
	if (*json == '-' || (*json >= '0' && *json <= '9'))
		return number_value(json, len,
		    memchr(json, '.', len) != NULL || memchr(json, 'e', len) != NULL ||
			memchr(json, 'E', len) != NULL);
	return none;
}

int
cursor_begin(struct cursor *c, const char *json, size_t len)
{
	struct cursor_value v = json_value(c, json, len);

	c->best.value.kind = CURSOR_NONE;
	c->descended = c->is_borrowed = 0;
	return kept_set(&c->floor, &v) != 0 || kept_set(&c->known, &v) != 0 ? -1 : 0;
}

int
cursor_know(struct cursor *c, const char *json, size_t len)
{
	struct cursor_value v = json_value(c, json, len);

	return kept_set(&c->known, &v);
}

static int
is_key(const char *page, const struct scan_field *f, const char *name, size_t len)
{
	if ((f->flags & SCAN_KEY_ESCAPED) == 0)
		return f->klen == len && memcmp(page + f->key, name, len) == 0;
	return value_key_equal(page + f->key, f->klen, 1, name, len, 0);
}

/* The field that the path begins with: as a rule at the place where the last record had it. */
static const struct scan_field *
find_field(struct cursor *c, const char *page, const struct scan *s, const struct scan_record *r)
{
	const struct scan_field *fields = s->fields + r->field;
	size_t len = c->name_len;

	if (c->predicted < r->count && is_key(page, &fields[c->predicted], c->path[0], len))
		return &fields[c->predicted];
	for (uint32_t i = 0; i < r->count; i++)
		if (is_key(page, &fields[i], c->path[0], len)) {
			c->predicted = i;
			return &fields[i];
		}
	return NULL;
}

static struct cursor_value
nested_value(struct cursor *c, const char *object, size_t len)
{
	const struct ab_json *v;
	struct ab_str text;

	view_root_reset(&c->views);
	v = view_parse(&c->views, object, len, "a record");
	for (const char *const *p = c->path + 1; *p != NULL; p++)
		v = v == NULL || view_type(v) != AB_OBJECT ? NULL : view_get(v, *p);
	if (v == NULL)
		return json_value(c, "", 0);
	text = view_span(v);
	return json_value(c, text.ptr, text.len);
}

struct cursor_value
cursor_at(struct cursor *c, const char *page, const struct scan *s, const struct scan_record *r)
{
	const struct scan_field *f = find_field(c, page, s, r);

	if (f == NULL)
		return json_value(c, "", 0);
	if (c->path[1] != NULL)
		return f->type == SCAN_OBJECT ? nested_value(c, page + f->val, f->vlen)
					      : json_value(c, "", 0);
	if (f->type == SCAN_STRING)
		return text_value(c, page + f->val, f->vlen, f->flags & SCAN_ESCAPED);
	if ((f->type == SCAN_INT || f->type == SCAN_REAL) && f->vlen <= CURSOR_MAX_VALUE)
		return number_value(page + f->val, f->vlen, f->type == SCAN_REAL);
	return json_value(c, "", 0);
}

static int
compare_bytes(const struct ab_str *a, const struct ab_str *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int order = len == 0 ? 0 : memcmp(a->ptr, b->ptr, len);

	return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

/* Times of one shape and one offset are in the order of their bytes. */
static int
same_shape(const struct ab_str *a, const struct ab_str *b)
{
	size_t n = a->len;

	if (n != b->len || n < 20)
		return 0;
	if (a->ptr[n - 1] == 'Z' && b->ptr[n - 1] == 'Z')
		return 1;
	return (a->ptr[n - 6] == '+' || a->ptr[n - 6] == '-') &&
	    memcmp(a->ptr + n - 6, b->ptr + n - 6, 6) == 0;
}

/* A text that is no time is below all times. */
static int
compare_times(const struct ab_str *a, const struct ab_str *b)
{
	int64_t x, y;
	int is_x, is_y;

	if (same_shape(a, b))
		return compare_bytes(a, b);
	is_x = clock_parse(a->ptr, a->len, &x) == 0;
	is_y = clock_parse(b->ptr, b->len, &y) == 0;
	if (is_x && is_y)
		return x != y ? (x > y ? 1 : -1)
			      : clock_compare_rest(a->ptr, a->len, b->ptr, b->len);
	return is_x != is_y ? is_x - is_y : compare_bytes(a, b);
}

int
cursor_compare(const struct cursor *c, const struct cursor_value *a, const struct cursor_value *b)
{
	if (a->kind != b->kind)
		return (int)a->kind - (int)b->kind;
	if (a->kind == CURSOR_TEXT)
		return c->is_time ? compare_times(&a->text, &b->text)
				  : compare_bytes(&a->text, &b->text);
	return a->kind == CURSOR_NONE ? 0 : number_compare(&a->number, &b->number);
}

int
cursor_see(struct cursor *c, const struct cursor_value *v)
{
	int order;

	if (v->kind == CURSOR_NONE) {
		c->descended = 1;
		return 0;
	}
	order = cursor_compare(c, v, &c->best.value);
	if (order < 0)
		c->descended = 1;
	if (order <= 0)
		return 0;
	c->best.value = *v;
	c->is_borrowed = 1;
	/* an unescaped text stands where the next one will */
	if (v->text.ptr == c->scratch.ptr && cursor_settle(c) != 0)
		return -1;
	return 1;
}

int
cursor_settle(struct cursor *c)
{
	struct cursor_value v = c->best.value;

	if (!c->is_borrowed)
		return 0;
	c->is_borrowed = 0;
	return kept_set(&c->best, &v);
}

const struct cursor_value *
cursor_greatest(const struct cursor *c)
{
	return cursor_compare(c, &c->best.value, &c->floor.value) > 0 ? &c->best.value
								      : &c->floor.value;
}
