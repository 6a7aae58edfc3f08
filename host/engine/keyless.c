/* keyless.c - see keyless.h. */
#include "engine/keyless.h"

#include <string.h>

#include "base/error.h"
#include "data/value.h"

#define VIEW_BYTES (16u << 20) /* of one page's constants, or of one record's nested key */

void
keyless_init(struct keyless *k, const char *const *const *key)
{
	memset(k, 0, sizeof(*k));
	k->key = key;
	view_root_init(&k->views, VIEW_BYTES);
}

void
keyless_fini(struct keyless *k)
{
	view_root_fini(&k->views);
}

/* Whether something stands at the path in the object. */
static int
has_value(const struct ab_json *v, const char *const *path)
{
	for (; *path != NULL; path++)
		v = v == NULL || view_type(v) != AB_OBJECT ? NULL : view_get(v, *path);
	return v != NULL && view_type(v) != AB_NULL;
}

int
keyless_page(struct keyless *k, struct ab_str about)
{
	const struct ab_json *v;

	k->constant = 0;
	if (k->key == NULL || about.len == 0)
		return 0;
	view_root_reset(&k->views);
	v = view_parse(&k->views, about.ptr, about.len, "what a page says of its records");
	v = view_type(v) == AB_OBJECT ? view_get(v, "constants") : NULL;
	for (size_t i = 0; i < 64 && k->key[i] != NULL; i++)
		if (has_value(v, k->key[i]))
			k->constant |= (uint64_t)1 << i;
	return k->views.error.status == AB_ENOMEM ? -1 : 0;
}

static const struct scan_field *
find_field(const char *page, const struct scan *s, const struct scan_record *r, const char *name)
{
	const struct scan_field *fields = s->fields + r->field;
	size_t len = strlen(name);

	for (uint32_t i = r->count; i-- > 0;)
		if (value_key_equal(page + fields[i].key, fields[i].klen,
			fields[i].flags & SCAN_KEY_ESCAPED, name, len, 0))
			return &fields[i];
	return NULL;
}

/* 1: part i of the key is there. */
static int
has_part(struct keyless *k, size_t i, const char *page, const struct scan *s,
    const struct scan_record *r)
{
	const char *const *path = k->key[i];
	const struct scan_field *f = find_field(page, s, r, path[0]);

	if (f == NULL)
		return i < 64 && k->constant >> i & 1;
	if (path[1] == NULL || f->type != SCAN_OBJECT)
		return path[1] == NULL && f->type != SCAN_NULL;
	view_root_reset(&k->views);
	return has_value(view_parse(&k->views, page + f->val, f->vlen, "a key"), path + 1);
}

int
keyless_is(struct keyless *k, const char *page, const struct scan *s, const struct scan_record *r)
{
	int lacks = 0;

	for (size_t i = 0; k->key != NULL && k->key[i] != NULL && !lacks; i++)
		lacks = !has_part(k, i, page, s, r);
	return k->views.error.status == AB_ENOMEM ? -1 : lacks;
}
