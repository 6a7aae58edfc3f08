/* shape.c - records that do not go out as they came: sifted, with fields added or left out. */
#include "kit.h"

int
shape_is_needed(const struct rest_stream *s)
{
	return s->key_as != NULL || s->add != NULL || s->drop != NULL || s->only.field != NULL ||
	    (s->cursor.field != NULL && (s->cursor.filter || s->cursor.feed));
}

/* Is it one of those that the table wants?  What is not there is "". */
static ab_status
is_wanted(const struct fetch *f, const struct ab_json *record, int *wanted)
{
	const struct rest_only *only = &f->s->only;
	const struct ab_json *value;
	const char *text = NULL;
	ab_status rc = AB_OK;

	*wanted = 1;
	if (only->field == NULL)
		return AB_OK;
	value = rest_at(f->h, record, only->field);
	if (f->h->json_type(value) == AB_BOOL)
		text = f->h->json_int(value) != 0 ? "true" : "false";
	else
		rc = scalar_text(f->h, value, only->field, &text);
	if (text == NULL)
		text = "";
	if (only->is != NULL)
		*wanted = strcmp(text, only->is) == 0;
	if (only->is_not != NULL && strcmp(text, only->is_not) == 0)
		*wanted = 0;
	return rc;
}

static void
add_member(struct text *out, struct ab_str name, struct ab_str value)
{
	text_adds(out, out->ptr[out->len - 1] == '{' ? "" : ", ");
	text_add_quoted(out, name.ptr, name.len);
	text_adds(out, ": ");
	text_add(out, value.ptr, value.len);
}

static struct ab_str
str_of(const char *text)
{
	return (struct ab_str){text, strlen(text)};
}

/* Is the record's own field of this name left out, or replaced? */
static int
is_dropped(const struct rest_stream *s, const char *name)
{
	const char *const *add = s->add, *const *drop = s->drop;

	for (; add != NULL && add[0] != NULL && add[1] != NULL; add += 2)
		if (strcmp(add[0], name) == 0)
			return 1;
	for (; drop != NULL && *drop != NULL; drop++)
		if (strcmp(*drop, name) == 0)
			return 1;
	return s->key_as != NULL && strcmp(s->key_as, name) == 0;
}

static void
write_record(
    const struct fetch *f, const struct ab_json *record, struct ab_str key, struct text *out)
{
	const char *const *add = f->s->add;
	struct ab_host *h = f->h;
	struct text name = {0};

	text_adds(out, "{");
	if (f->s->key_as != NULL && key.ptr != NULL) {
		text_add_quoted(&name, key.ptr, key.len);
		if (!name.failed && !out->failed)
			add_member(out, str_of(f->s->key_as), (struct ab_str){name.ptr, name.len});
	}
	for (; add != NULL && add[0] != NULL && add[1] != NULL && !out->failed; add += 2)
		add_member(out, str_of(add[0]), h->json_text(rest_at(h, record, add[1])));
	for (size_t i = 0, n = h->json_len(record); i < n && !out->failed; i++) {
		struct ab_str member = h->json_key(record, i);

		if (!is_dropped(f->s, member.ptr))
			add_member(out, member, h->json_text(h->json_at(record, i)));
	}
	text_adds(out, "}\n");
	out->failed |= name.failed;
	text_fini(&name);
}

ab_status
shape_record(const struct fetch *f, const struct ab_json *record, struct ab_str key,
    struct text *out, enum shape *result, int *is_older)
{
	const struct rest_stream *s = f->s;
	int wanted;
	ab_status rc = is_wanted(f, record, &wanted);

	*is_older = (s->cursor.filter || s->cursor.feed) && s->cursor.field != NULL &&
	    span_is_older(f, f->h->json_get(record, s->cursor.field));
	*result = rc != AB_OK || !wanted || *is_older ? SHAPE_DROPPED : SHAPE_SAME;
	if (*result == SHAPE_SAME && (s->key_as != NULL || s->add != NULL || s->drop != NULL)) {
		write_record(f, record, key, out);
		*result = SHAPE_MADE;
	}
	return rc == AB_OK && out->failed ? request_no_memory(f->rest) : rc;
}
