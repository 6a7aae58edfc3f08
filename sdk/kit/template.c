/* template.c - texts with placeholders, filled in.  No expressions: a name, and what belongs to it. */
#include <stdlib.h>

#include "kit.h"

#define NAME_ROOM 256
#define MASKED	  "****" /* what the host shows of a secret */

/* What a placeholder stands for; text NULL: nothing. */
struct value {
	const char *text;
	const struct ab_json *json; /* where it is a JSON value */
	int is_number;
};

enum known { NOTHING_KNOWN, CONFIG, PARTITION, TOKEN, SIZE, START, END, NOW };

struct name {
	enum known known;
	char rest[NAME_ROOM]; /* a path behind ".", a format behind ":" */
};

static int
is_blank_or_brace(char c)
{
	return c == '\0' || c == '{' || c == '"' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The length of a placeholder that begins at p, its braces included, or 0: this brace is just a brace. */
static size_t
placeholder(const char *p)
{
	size_t n = 1;
	int is_format;

	while (p[n] >= 'a' && p[n] <= 'z')
		n++;
	if (n == 1 || strchr(".:}", p[n]) == NULL)
		return 0;
	is_format = p[n] == ':'; /* "{end:%Y-%m-%d %H:%M}" */
	while (p[n] != '}' && (!is_blank_or_brace(p[n]) || (is_format && p[n] == ' ')))
		n++;
	return p[n] == '}' ? n + 1 : 0;
}

static void
read_name(const char *p, size_t len, struct name *out)
{
	static const char *const words[] = {[CONFIG] = "config",
	    [PARTITION] = "partition",
	    [TOKEN] = "token",
	    [SIZE] = "size",
	    [START] = "start",
	    [END] = "end",
	    [NOW] = "now"};
	size_t n = strcspn(p, ".:}"), rest = len - n;
	int wants_path, may_format;

	*out = (struct name){NOTHING_KNOWN, ""};
	for (int i = CONFIG; i <= NOW; i++)
		if (strlen(words[i]) == n && memcmp(words[i], p, n) == 0)
			out->known = (enum known)i;
	if (rest > 0 && rest < NAME_ROOM)
		memcpy(out->rest, p + n + 1, rest - 1);
	wants_path = out->known == CONFIG || out->known == PARTITION;
	may_format = out->known >= START;
	if (rest >= NAME_ROOM || (wants_path ? p[n] != '.' || rest < 2 : rest > 0 && !may_format) ||
	    (may_format && rest > 0 && (p[n] != ':' || !when_is_format(out->rest))))
		out->known = NOTHING_KNOWN;
}

/* Which stream's member, for sentences. */
static const char *
owner(const struct fetch *f)
{
	return f->s == NULL ? "the endpoint" : f->s->name;
}

/* The elements of an array with commas between. */
static ab_status
join(const struct fetch *f, const struct ab_json *array, const char *name, struct text *out)
{
	const char *text;
	ab_status rc = AB_OK;

	for (size_t i = 0, n = f->h->json_len(array); rc == AB_OK && i < n; i++) {
		rc = scalar_text(f->h, f->h->json_at(array, i), name, &text);
		if (i > 0)
			text_adds(out, ",");
		if (rc == AB_OK)
			text_adds(out, text != NULL ? text : "");
	}
	return rc;
}

/* scratch: of a joined array; the caller's to free. */
static ab_status
value_of(const struct fetch *f, const char *name, const struct ab_json *json, struct value *out,
    struct text *scratch)
{
	int type = f->h->json_type(json);
	ab_status rc = AB_OK;

	if (type == AB_NULL)
		return AB_OK;
	out->json = json;
	if (type == AB_ARRAY) {
		rc = join(f, json, name, scratch);
		out->text = scratch->len > 0 ? scratch->ptr : "";
		return scratch->failed ? request_no_memory(f->rest) : rc;
	}
	if (type == AB_BOOL) {
		out->text = f->h->json_int(json) != 0 ? "true" : "false";
		return AB_OK;
	}
	if (type == AB_OBJECT)
		return ab_failf(
		    f->h, AB_ECONFIG, "%s: {%s} is an object, not a value", owner(f), name);
	out->is_number = type != AB_STRING;
	return scalar_text(f->h, json, name, &out->text);
}

static ab_status
config_value(const struct fetch *f, const char *what, const char *name, struct value *out,
    struct text *scratch)
{
	const struct ab_json *json = rest_at(f->h, f->h->config(f->h), name);
	ab_status rc = value_of(f, name, json, out, scratch);

	if (rc == AB_OK && out->text != NULL && strcmp(out->text, MASKED) == 0)
		rc = ab_failf(f->h, AB_EBUG,
		    "%s: %s: {config.%s} is a secret, which a connector does not see; the "
		    "endpoint's \"auth\" sends it",
		    owner(f), what, name);
	return rc;
}

/* A size or a moment, made in scratch. */
static ab_status
made_value(const struct fetch *f, const struct name *name, struct value *out, struct text *scratch)
{
	char size[24];
	ab_status rc = AB_OK;

	if (name->known == START) {
		rc = span_start(f, name->rest, scratch, &out->is_number);
	} else if (name->known == END || name->known == NOW) {
		span_write(f, name->known == END ? f->span.end : f->span.now, name->rest, scratch);
		out->is_number = when_is_number(name->rest[0] != '\0' ? name->rest
			: f->s->cursor.format != NULL		      ? f->s->cursor.format
								      : "");
	} else if (f->size != 0) {
		snprintf(size, sizeof(size), "%lld", (long long)f->size);
		text_adds(scratch, size);
		out->is_number = 1;
	}
	out->text = scratch->ptr;
	return rc == AB_OK && scratch->failed ? request_no_memory(f->rest) : rc;
}

static ab_status
resolve(const struct fetch *f, const char *what, const struct name *name, struct value *out,
    struct text *scratch)
{
	*out = (struct value){NULL, NULL, 0};
	switch (name->known) {
	case CONFIG:
		return config_value(f, what, name->rest, out, scratch);
	case PARTITION:
		return value_of(f, name->rest,
		    f->read == NULL ? NULL : f->h->json_get(f->read->partition, name->rest), out,
		    scratch);
	case TOKEN:
		out->text = f->token;
		return AB_OK;
	default:
		return made_value(f, name, out, scratch);
	}
}

static void
add_json(const struct fetch *f, const struct value *v, int in_string, struct text *out)
{
	if (in_string)
		text_add_escaped(out, v->text, v->text == NULL ? 0 : strlen(v->text));
	else if (v->json != NULL)
		text_adds(out, f->h->json_text(v->json).ptr);
	else if (v->text == NULL || v->is_number)
		text_adds(out, v->text == NULL ? "null" : v->text);
	else
		text_add_quoted(out, v->text, strlen(v->text));
}

static ab_status
fill_one(const struct fetch *f, const char *what, const struct name *name, enum template_for how,
    int in_string, struct text *out, int *missing)
{
	struct text scratch = {0};
	struct value v;
	ab_status rc = resolve(f, what, name, &v, &scratch);

	if (rc == AB_OK && v.text == NULL)
		*missing = 1;
	if (rc == AB_OK && how == TEMPLATE_JSON)
		add_json(f, &v, in_string, out);
	else if (rc == AB_OK && v.text != NULL && how == TEMPLATE_URL)
		text_add_percent(out, v.text, strlen(v.text));
	else if (rc == AB_OK && v.text != NULL)
		text_adds(out, v.text);
	text_fini(&scratch);
	return rc;
}

/* How far the text goes on without a placeholder.  *in_string: inside a JSON string there? */
static size_t
plain_len(const char *p, int *in_string)
{
	size_t n = 0;

	for (; p[n] != '\0'; n++) {
		if (p[n] == '{' && placeholder(p + n) > 0)
			break;
		if (p[n] == '\\' && *in_string && p[n + 1] != '\0')
			n++;
		else if (p[n] == '"')
			*in_string = !*in_string;
	}
	return n;
}

ab_status
template_fill(const struct fetch *f, const char *what, const char *text, enum template_for how,
    struct text *out, int *missing)
{
	struct name name;
	int in_string = 0;
	size_t n;
	ab_status rc = AB_OK;

	*missing = 0;
	while (rc == AB_OK && *text != '\0') {
		n = plain_len(text, &in_string);
		text_add(out, text, n);
		text += n;
		if (*text == '\0')
			break;
		n = placeholder(text);
		read_name(text + 1, n - 2, &name);
		if (f->s == NULL && name.known != CONFIG)
			text_add(out, text, n); /* the host may have placeholders of its own */
		else if (name.known != NOTHING_KNOWN)
			rc = fill_one(f, what, &name, how, in_string, out, missing);
		else if (how == TEMPLATE_RAW)
			text_add(out, text, n);
		else
			rc = ab_failf(f->h, AB_EBUG, "%s: %s: nothing is called %.*s", owner(f),
			    what, (int)n, text);
		text += n;
	}
	return rc != AB_OK ? rc : out->failed ? request_no_memory(f->rest) : AB_OK;
}

ab_status
template_each(const char *text, template_visit visit, void *ctx)
{
	struct name name;
	int in_string = 0;
	size_t n;
	ab_status rc = AB_OK;

	while (rc == AB_OK && *text != '\0') {
		text += plain_len(text, &in_string);
		if (*text == '\0')
			break;
		n = placeholder(text);
		read_name(text + 1, n - 2, &name);
		rc = visit(ctx, text + 1, n - 2, name.known != NOTHING_KNOWN);
		text += n;
	}
	return rc;
}
