/* lines.c - see lines.h.
 *
 * The tokens are scan_lex.h's.  A zero byte ends them all, so the end of a line becomes one while the line is looked at. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include "data/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/scan_lex.h"
#include "data/value.h"

#define WINDOW ((size_t)256 << 10)
#define LARGE  ((size_t)4 << 20)
#define SHOWN  ((size_t)4096) /* of a line that is too long */
#define NAMES  ((size_t)1 << 20)

void
lines_init(struct lines *l, size_t max_line)
{
	*l = (struct lines){.max_line = max_line};
	buf_init(&l->stream, NAMES);
	buf_init(&l->space, NAMES);
}

void
lines_fini(struct lines *l)
{
	free(l->bytes);
	buf_fini(&l->stream);
	buf_fini(&l->space);
	lines_init(l, l->max_line);
}

/* The zero behind the last line is what stood there again. */
static void
put_back(struct lines *l)
{
	if (l->put_back != '\0')
		l->bytes[l->put_at] = l->put_back;
	l->put_back = '\0';
}

char *
lines_room(struct lines *l, size_t *room)
{
	size_t cap;
	char *bytes;

	put_back(l);
	if (l->from == l->to && l->cap > LARGE) { /* a long line has gone by */
		free(l->bytes);
		l->bytes = NULL;
		l->cap = l->from = l->to = l->seen = 0;
	}
	if (l->from > 0) {
		memmove(l->bytes, l->bytes + l->from, l->to - l->from);
		l->to -= l->from;
		l->seen -= l->from;
		l->from = 0;
	}
	if (l->cap - l->to < WINDOW / 4) {
		cap = l->cap == 0 ? WINDOW : l->cap * 2;
		if (cap > l->max_line + WINDOW && cap > WINDOW)
			cap = l->max_line + WINDOW;
		if (cap > l->cap) {
			bytes = realloc(l->bytes, cap + SCAN_PADDING);
			if (bytes == NULL)
				return NULL;
			l->bytes = bytes;
			l->cap = cap;
		}
	}
	*room = l->cap - l->to;
	return l->bytes + l->to;
}

void
lines_fed(struct lines *l, size_t n)
{
	l->to += n;
	memset(l->bytes + l->to, 0, SCAN_PADDING);
}

void
lines_end(struct lines *l)
{
	l->is_ended = 1;
}

/* What a walk over the members of an object notes. */
struct member {
	const char *key, *val;
	uint32_t klen;
	size_t vlen;
};
#define MEMBERS 16 /* as many keys as count, or more */

struct object {
	struct member member[MEMBERS];
	unsigned n;
};

static const char *
lex_any(struct lex *x, const char *p, unsigned depth)
{
	unsigned type, flags;

	if (*p == '{' || *p == '[')
		return lex_nested(x, p, depth);
	if (*p != '"')
		return lex_scalar(x, p, &type);
	p = lex_string(x, p + 1, &flags);
	return p == NULL ? NULL : p + 1;
}

/* len is not 0.  Keys of one length mostly differ in their first byte. */
static int
is_key(const struct member *m, const char *key, size_t len)
{
	return m->klen == len && m->key[0] == key[0] && memcmp(m->key, key, len) == 0;
}

/* The keys that count in a message or in its record, by their length.  A program may say more, as much as it likes. */
static const char *const counting[][5] = {[3] = {"log"},
    [4] = {"type", "data", "meta", "spec"},
    [5] = {"state", "trace"},
    [6] = {"record", "stream"},
    [7] = {"control", "catalog"},
    [9] = {"namespace"},
    [10] = {"emitted_at"},
    [16] = {"connectionStatus"}};
#define LONGEST (sizeof(counting) / sizeof(counting[0]) - 1)

/* Each key once, as it was last. */
static void
note(struct object *o, const struct member *m)
{
	unsigned i = 0;

	if (m->klen == 0 || m->klen > LONGEST)
		return;
	while (counting[m->klen][i] != NULL && !is_key(m, counting[m->klen][i], m->klen))
		i++;
	if (counting[m->klen][i] == NULL)
		return;
	for (i = 0; i < o->n && !is_key(&o->member[i], m->key, m->klen); i++)
		continue;
	o->member[i] = *m;
	o->n += i == o->n;
}

static const char *
walk_object(struct lex *x, const char *p, unsigned depth, struct object *o, struct object *record);

static const char *
walk_value(
    struct lex *x, const char *p, unsigned depth, const struct member *m, struct object *record)
{
	if (record == NULL || *p != '{' || !is_key(m, "record", 6))
		return lex_any(x, p, depth);
	record->n = 0;
	return walk_object(x, p, depth, record, NULL);
}

/* p: '{'; depth: how many containers are open around it.  record: for the members of the member of that name. */
static const char *
walk_object(struct lex *x, const char *p, unsigned depth, struct object *o, struct object *record)
{
	struct member m;
	unsigned flags;

	p = lex_space(x, p + 1);
	if (*p == '}')
		return p + 1;
	for (;;) {
		if (*p != '"')
			return lex_fail(x, p, "a key");
		m.key = p + 1;
		p = lex_string(x, p + 1, &flags);
		if (p == NULL)
			return NULL;
		m.klen = (uint32_t)(p - m.key);
		p = lex_space(x, p + 1);
		if (*p != ':')
			return lex_fail(x, p, "':'");
		m.val = lex_space(x, p + 1);
		p = walk_value(x, m.val, depth + 1, &m, record);
		if (p == NULL)
			return NULL;
		m.vlen = (size_t)(p - m.val);
		note(o, &m);
		p = lex_space(x, p);
		if (*p == '}')
			return p + 1;
		if (*p != ',')
			return lex_fail(x, p, "',' or '}'");
		p = lex_space(x, p + 1);
	}
}

/* The member of that key, one of those that count. */
static struct ab_str
find_key(const struct object *o, const char *key, size_t len)
{
	for (unsigned i = 0; i < o->n; i++)
		if (is_key(&o->member[i], key, len))
			return (struct ab_str){o->member[i].val, o->member[i].vlen};
	return (struct ab_str){"", 0};
}

/* The length of a literal is known beforehand. */
static inline struct ab_str
find(const struct object *o, const char *key)
{
	return find_key(o, key, strlen(key));
}

static int
is_object(struct ab_str s)
{
	return s.len > 0 && s.ptr[0] == '{';
}

static void
break_line(struct line *out, ab_status status, const char *why)
{
	out->type = LINE_BROKEN;
	error_set(&out->error, status, "line %llu: %s", (unsigned long long)out->number, why);
}

/* A name without its quotes and escapes; what has no escape stays where it stands. */
static int
name_of(struct ab_str value, struct buf *copy, struct ab_str *out)
{
	*out = (struct ab_str){"", 0};
	if (value.len < 2 || value.ptr[0] != '"')
		return 0;
	*out = (struct ab_str){value.ptr + 1, value.len - 2};
	if (memchr(out->ptr, '\\', out->len) == NULL)
		return 0;
	buf_reset(copy);
	if (line_string(value, copy) != 0)
		return -1;
	*out = (struct ab_str){buf_str(copy), copy->len};
	return 0;
}

static void
fill_record(struct lines *l, const struct object *record, struct line *out)
{
	struct ab_str name = find(record, "stream");

	out->data = find(record, "data");
	out->meta = find(record, "meta");
	out->emitted_ms = line_int(find(record, "emitted_at"), -1);
	if (!is_object(out->meta))
		out->meta = (struct ab_str){"", 0};
	if (name.len < 2 || name.ptr[0] != '"')
		break_line(out, AB_EDATA, "a RECORD without \"stream\", the name of its stream");
	else if (!is_object(out->data))
		break_line(out, AB_EDATA, "a RECORD without \"data\", an object");
	else if (name_of(name, &l->stream, &out->stream) != 0 ||
	    name_of(find(record, "namespace"), &l->space, &out->space) != 0)
		break_line(out, AB_ENOMEM, "no memory for the name of a stream");
}

static const struct {
	const char *name, *payload;
	enum line_type type;
} kinds[] = {
    {"\"RECORD\"", "record", LINE_RECORD},
    {"\"STATE\"", "state", LINE_STATE},
    {"\"LOG\"", "log", LINE_LOG},
    {"\"TRACE\"", "trace", LINE_TRACE},
    {"\"CONTROL\"", "control", LINE_CONTROL},
    {"\"SPEC\"", "spec", LINE_SPEC},
    {"\"CONNECTION_STATUS\"", "connectionStatus", LINE_STATUS},
    {"\"CATALOG\"", "catalog", LINE_CATALOG},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* What kind of message the object is that was walked over. */
static void
fill_message(
    struct lines *l, const struct object *top, const struct object *record, struct line *out)
{
	char why[128];
	size_t i = 0;

	out->type_name = find(top, "type");
	if (out->type_name.len < 2 || out->type_name.ptr[0] != '"')
		return;
	while (i < KINDS &&
	    (out->type_name.len != strlen(kinds[i].name) ||
		memcmp(out->type_name.ptr, kinds[i].name, out->type_name.len) != 0))
		i++;
	out->type_name = (struct ab_str){out->type_name.ptr + 1, out->type_name.len - 2};
	out->type = LINE_OTHER;
	if (i == KINDS)
		return;
	out->type = kinds[i].type;
	out->payload = find(top, kinds[i].payload);
	if (!is_object(out->payload)) {
		snprintf(why, sizeof(why), "a %s without \"%s\", an object", kinds[i].name,
		    kinds[i].payload);
		break_line(out, AB_EDATA, why);
	} else if (out->type == LINE_RECORD) {
		fill_record(l, record, out);
	}
}

/* A line that is no JSON: does it look as if records or states were in it? */
static int
looks_like_message(const struct line *out, int is_cut)
{
	return out->text.len > 0 && out->text.ptr[0] == '{' &&
	    (is_cut || memmem(out->text.ptr, out->text.len, "\"RECORD\"", 8) != NULL ||
		memmem(out->text.ptr, out->text.len, "\"STATE\"", 7) != NULL);
}

/* out->text: the line, a zero byte behind it. */
static void
look_at_line(struct lines *l, struct line *out, int is_cut)
{
	struct object top, record;
	struct error e = ERROR_INIT;
	struct lex x = {0};
	const char *end, *p = out->text.ptr;

	out->type = LINE_TEXT;
	if (*p != '{')
		return;
	top.n = record.n = 0;
	end = walk_object(&x, p, 0, &top, &record);
	if (end != NULL)
		end = lex_space(&x, end);
	if (end == p + out->text.len) {
		fill_message(l, &top, &record, out);
		return;
	}
	if (!looks_like_message(out, is_cut))
		return;
	if (end != NULL)
		lex_fail(&x, end, "the end of the line");
	lex_error(&x, p, out->text.len, &e);
	break_line(out, e.status, e.text);
	if (is_cut)
		error_wrap(&out->error, "the last line is cut off");
}

/* Takes bytes[from, end) as a line: without the white space around it. */
static void
take_line(struct lines *l, size_t end, struct line *out, int is_cut)
{
	const char *p = l->bytes + l->from, *q = l->bytes + end;

	if (l->number == 1 && q - p >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	while (p < q && (*p == ' ' || *p == '\t'))
		p++;
	while (q > p && (q[-1] == ' ' || q[-1] == '\t' || q[-1] == '\r'))
		q--;
	out->text = (struct ab_str){p, (size_t)(q - p)};
	out->number = l->number;
	l->put_at = (size_t)(q - l->bytes);
	l->put_back = *q;
	l->bytes[l->put_at] = '\0';
	if (p < q)
		look_at_line(l, out, is_cut);
}

/* A line is longer than it may be: its beginning is told, the rest passed over. */
static void
too_long(struct lines *l, struct line *out)
{
	char why[160];

	out->number = ++l->number;
	out->text = (struct ab_str){l->bytes + l->from, SHOWN};
	if (out->text.len > l->to - l->from)
		out->text.len = l->to - l->from;
	snprintf(why, sizeof(why), "it is longer than %zu bytes, the most that a message may have",
	    l->max_line);
	if (out->text.ptr[0] == '{')
		break_line(out, AB_EDATA, why);
	else
		out->type = LINE_TEXT;
}

/* Drops what is left of such a line; 1: its end was there. */
static int
skip_rest(struct lines *l)
{
	const char *end = memchr(l->bytes + l->from, '\n', l->to - l->from);

	l->from = end != NULL ? (size_t)(end - l->bytes) + 1 : l->to;
	l->seen = l->from;
	l->is_skipping = end == NULL;
	return end != NULL;
}

void
lines_next(struct lines *l, struct line *out)
{
	const char *nl;
	size_t end;

	out->type = LINE_NONE;
	out->number = 0;
	out->text = out->payload = out->type_name = out->stream = out->space = out->data =
	    out->meta = (struct ab_str){"", 0};
	out->emitted_ms = -1;
	error_clear(&out->error);
	put_back(l);
	if (l->to == 0 || (l->is_skipping && !skip_rest(l)))
		return;
	while (out->type == LINE_NONE && l->from < l->to) {
		put_back(l);
		nl = memchr(l->bytes + l->seen, '\n', l->to - l->seen);
		end = nl != NULL ? (size_t)(nl - l->bytes) : l->to;
		l->seen = end;
		if (end - l->from > l->max_line) {
			too_long(l, out);
			l->is_skipping =
			    1; /* from here, at the next call: the text is still read */
			return;
		}
		if (nl == NULL && !l->is_ended)
			return;
		l->number++;
		take_line(l, end, out, nl == NULL);
		l->from = l->seen = end + (nl != NULL);
	}
}
