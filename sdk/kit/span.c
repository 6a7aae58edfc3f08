/* span.c - the interval of a cursor: where it begins and ends, and the windows in between. */
#include <stdlib.h>

#include "kit.h"

#define ISO_SECONDS "%Y-%m-%dT%H:%M:%SZ"

/* Fills a template of the table; *out stays empty where it has no value. */
static ab_status
fill(const struct fetch *f, const char *what, const char *text, struct text *out)
{
	int missing = 0;
	ab_status rc =
	    text == NULL ? AB_OK : template_fill(f, what, text, TEMPLATE_TEXT, out, &missing);

	if (missing)
		out->len = 0;
	return rc;
}

/* *has 0: the table has none, or its placeholder no value. */
static ab_status
duration_of(
    const struct fetch *f, const char *what, const char *text, struct duration *out, int *has)
{
	struct text filled = {0};
	ab_status rc = fill(f, what, text, &filled);

	*out = (struct duration){0, 0};
	*has = filled.len > 0;
	if (rc == AB_OK && *has && duration_parse(filled.ptr, out) == -1)
		rc = ab_failf(f->h, strchr(text, '{') != NULL ? AB_ECONFIG : AB_EBUG,
		    "%s: %s: \"%.64s\" is no ISO 8601 duration, such as P30D", f->s->name, what,
		    filled.ptr);
	text_fini(&filled);
	return rc;
}

/* In the format of the records, in ISO 8601, or in that of the requests. */
static int
parse_any(const struct rest_cursor *c, const char *text, int64_t *out)
{
	if (c->field_format != NULL && when_parse(text, c->field_format, out) == 0)
		return 0;
	if (when_parse(text, NULL, out) == 0)
		return 0;
	return c->format != NULL ? when_parse(text, c->format, out) : -1;
}

/* "-P30D", "P1D": from now. */
static int
parse_relative(const struct span *span, const char *text, int64_t *out)
{
	struct duration d;
	int sign = *text == '-' ? -1 : 1;

	if (duration_parse(text + (sign == -1), &d) == -1)
		return -1;
	*out = when_add(span->now, &d, sign);
	return 0;
}

/* A bound from the config, or else from the table; *has 0: neither has one. */
static ab_status
bound(const struct fetch *f, const struct span *span, const char *key, const char *text,
    int64_t *out, int *has)
{
	struct ab_host *h = f->h;
	const char *set = NULL, *what = key != NULL ? key : "cursor";
	struct text filled = {0};
	ab_status rc = AB_OK;

	if (key != NULL)
		rc = scalar_text(h, rest_at(h, h->config(h), key), key, &set);
	if (rc == AB_OK && (set == NULL || *set == '\0')) {
		rc = fill(f, "cursor", text, &filled);
		set = filled.len > 0 ? filled.ptr : NULL;
	}
	*has = rc == AB_OK && set != NULL;
	if (*has && parse_any(&f->s->cursor, set, out) == -1 &&
	    parse_relative(span, set, out) == -1)
		rc = ab_failf(h, key != NULL ? AB_ECONFIG : AB_EBUG,
		    "%s: %s is \"%.64s\", which is no time", f->s->name, what, set);
	text_fini(&filled);
	return rc;
}

static ab_status
state_moment(const struct fetch *f, int64_t *out, int *has)
{
	const struct rest_cursor *c = &f->s->cursor;
	const char *text = NULL;
	ab_status rc = AB_OK;

	if (c->field != NULL)
		rc = scalar_text(f->h, f->h->json_get(f->read->state, c->field), c->field, &text);
	*has = text != NULL && *text != '\0';
	if (rc == AB_OK && *has && parse_any(c, text, out) == -1)
		rc = ab_failf(f->h, AB_EDATA,
		    "%s: the state's %s is \"%.64s\", which is no time; cursor.field_format says "
		    "how it is written",
		    f->s->name, c->field, text);
	return rc;
}

/* The state, less lookback, but not before the start; or the start. */
static ab_status
find_start(const struct fetch *f, struct span *span)
{
	const struct rest_cursor *c = &f->s->cursor;
	struct duration back;
	int64_t start;
	int has_start, has_back;
	ab_status rc = bound(f, span, c->start_key, c->start, &start, &has_start);

	if (rc == AB_OK)
		rc = state_moment(f, &span->start, &span->has_start);
	if (rc == AB_OK)
		rc = duration_of(f, "cursor.lookback", span_lookback(f->s), &back, &has_back);
	if (rc != AB_OK)
		return rc;
	if (span->has_start && has_back)
		span->start = when_add(span->start, &back, -1);
	if (has_start && (!span->has_start || span->start < start))
		span->start = start;
	span->has_start |= has_start;
	return AB_OK;
}

static ab_status
find_end(const struct fetch *f, struct span *span)
{
	const struct rest_cursor *c = &f->s->cursor;
	int has_end;
	ab_status rc = bound(f, span, c->end_key, c->end, &span->end, &has_end);

	if (rc == AB_OK && !has_end)
		span->end = span->now;
	return rc;
}

/* The value as it stands, in the state, the config or the table. */
static ab_status
find_raw(const struct fetch *f, struct span *span)
{
	const struct rest_cursor *c = &f->s->cursor;
	struct ab_host *h = f->h;
	const struct ab_json *value = NULL;
	ab_status rc = AB_OK;

	if (c->field != NULL)
		value = h->json_get(f->read->state, c->field);
	rc = scalar_text(h, value, c->field, &span->raw);
	if (rc == AB_OK && span->raw == NULL && c->start_key != NULL) {
		value = rest_at(h, h->config(h), c->start_key);
		rc = scalar_text(h, value, c->start_key, &span->raw);
	}
	span->raw_is_number = span->raw != NULL && h->json_type(value) != AB_STRING;
	if (span->raw == NULL)
		span->raw = c->start;
	return rc;
}

static int
is_relative(const char *text)
{
	return text != NULL && (text[0] == 'P' || (text[0] == '-' && text[1] == 'P'));
}

const char *
span_lookback(const struct rest_stream *s)
{
	if (s->cursor.lookback != NULL || !s->parent.changed)
		return s->cursor.lookback;
	return s->parent.lookback != NULL ? s->parent.lookback : "P1D";
}

static int
is_reckoned(const struct rest_stream *s)
{
	const struct rest_cursor *c = &s->cursor;

	return c->format != NULL || c->step != NULL || span_lookback(s) != NULL ||
	    is_relative(c->start);
}

/* Where the window that begins at `start` ends, and whether there is a next one. */
static ab_status
cut_window(struct fetch *f, int64_t start)
{
	struct span *span = &f->span;
	struct duration step, grain;
	int has_step, has_grain;
	ab_status rc = duration_of(f, "cursor.step", f->s->cursor.step, &step, &has_step);

	if (rc == AB_OK)
		rc = duration_of(
		    f, "cursor.granularity", f->s->cursor.granularity, &grain, &has_grain);
	if (rc != AB_OK)
		return rc;
	span->start = start;
	span->end = span->whole = span->until;
	span->next = has_step ? when_add(start, &step, 1) : span->until;
	if (has_step && span->next <= start)
		return ab_failf(f->h, AB_EBUG, "%s: cursor.step has no length", f->s->name);
	/* where the end counts, but not as that of this window, it is one of its own */
	span->has_next =
	    has_grain ? has_step && span->next <= span->until : span->next < span->until;
	if (has_step)
		span->whole = when_add(span->next, &grain, -1);
	if (span->whole < start)
		span->whole = start;
	if (span->has_next)
		span->end = span->whole;
	return AB_OK;
}

/* "2024-01-01T00:00:00Z/TOKEN": the window's beginning, and the pager's token in it. */
static ab_status
enter_window(struct fetch *f)
{
	const char *slash = f->token == NULL ? NULL : strchr(f->token, '/');
	int64_t start = f->span.start;
	char text[40];

	if (!f->span.has_start)
		return ab_failf(f->h, AB_ECONFIG,
		    "%s: its windows have no beginning: neither the state nor the configuration "
		    "(%s) has one",
		    f->s->name, f->s->cursor.start_key != NULL ? f->s->cursor.start_key : "");
	if (f->token != NULL) {
		snprintf(text, sizeof(text), "%.*s",
		    slash == NULL ? 0 : (int)(slash - f->token < 39 ? slash - f->token : 39),
		    f->token);
		if (slash == NULL || when_parse(text, NULL, &start) == -1)
			return ab_failf(
			    f->h, AB_EBUG, "%s: \"%.64s\" is no page token", f->s->name, f->token);
		f->token = slash[1] == '\0' ? NULL : slash + 1;
	}
	f->span.until = f->span.end;
	f->is_void = start > f->span.until;
	return cut_window(f, start);
}

/* The window that the partition is; *is_one 0: it is none.  Its name is the same in every run until the stream has ended, so
 * it is whole; what is asked for is not: it ends now, or at the stream's end, and begins where an interrupted run has
 * left it. */
static ab_status
take_partition(struct fetch *f, struct span *span, int *is_one)
{
	struct ab_host *h = f->h;
	const struct ab_json *from = h->json_get(f->read->partition, SPAN_START);
	const struct ab_json *to = h->json_get(f->read->partition, SPAN_END);
	int64_t start, end;
	ab_status rc;

	*is_one = f->s->cursor.step != NULL && h->json_type(from) == AB_STRING &&
	    h->json_type(to) == AB_STRING && when_parse(h->json_str(from).ptr, NULL, &start) == 0 &&
	    when_parse(h->json_str(to).ptr, NULL, &end) == 0;
	if (!*is_one)
		return AB_OK;
	if ((rc = find_start(f, span)) != AB_OK || (rc = find_end(f, span)) != AB_OK)
		return rc;
	if (!span->has_start || span->start < start)
		span->start = start;
	if (end < span->end)
		span->end = end;
	span->has_start = 1;
	f->is_void = span->start > span->end;
	return AB_OK;
}

static ab_status
span_find(struct fetch *f)
{
	struct span *span = &f->span;
	int is_window;
	ab_status rc;

	*span = (struct span){.is_time = is_reckoned(f->s), .now = f->h->now(f->h)};
	rc = take_partition(f, span, &is_window);
	if (rc != AB_OK || is_window)
		return rc;
	rc = span->is_time ? find_start(f, span) : find_raw(f, span);
	return rc == AB_OK ? find_end(f, span) : rc;
}

ab_status
span_enter(struct fetch *f)
{
	ab_status rc = span_find(f);

	f->walks =
	    f->s->cursor.step != NULL && f->h->json_get(f->read->partition, SPAN_START) == NULL;
	return rc == AB_OK && f->walks ? enter_window(f) : rc;
}

void
span_token(const struct fetch *f, const char *token, struct text *out)
{
	when_format_iso(token == NULL ? f->span.next : f->span.start, out);
	text_adds(out, "/");
	if (token != NULL)
		text_adds(out, token);
}

void
span_write(const struct fetch *f, int64_t moment, const char *format, struct text *out)
{
	if (format == NULL || *format == '\0')
		format = f->s->cursor.format != NULL ? f->s->cursor.format : ISO_SECONDS;
	when_format(moment, format, out);
}

ab_status
span_start(const struct fetch *f, const char *format, struct text *out, int *is_number)
{
	const struct span *span = &f->span;
	int64_t moment;

	*is_number = 0;
	if (span->is_time && span->has_start) {
		span_write(f, span->start, format, out);
		if (*format == '\0' && f->s->cursor.format != NULL)
			*is_number = when_is_number(f->s->cursor.format);
	} else if (!span->is_time && span->raw != NULL && *format == '\0') {
		text_adds(out, span->raw);
		*is_number = span->raw_is_number;
	} else if (!span->is_time && span->raw != NULL) {
		if (parse_any(&f->s->cursor, span->raw, &moment) == -1)
			return ab_failf(f->h, AB_EDATA, "%s: {start}: \"%.64s\" is no time",
			    f->s->name, span->raw);
		span_write(f, moment, format, out);
	}
	return AB_OK;
}

int
span_is_older(const struct fetch *f, const struct ab_json *value)
{
	const struct span *span = &f->span;
	struct ab_host *h = f->h;
	int type = h->json_type(value);
	int64_t a, b;
	const char *text;

	if (type != AB_STRING && type != AB_INT && type != AB_REAL)
		return 0;
	if (span->is_time && !span->has_start)
		return 0;
	text = type == AB_STRING ? h->json_str(value).ptr : h->json_text(value).ptr;
	if (span->is_time)
		return parse_any(&f->s->cursor, text, &a) == 0 && a < span->start;
	if (span->raw == NULL)
		return 0;
	if (type == AB_INT && span->raw[strspn(span->raw, "-0123456789")] == '\0')
		return h->json_int(value) < strtoll(span->raw, NULL, 10);
	if (type != AB_STRING)
		return h->json_real(value) < strtod(span->raw, NULL);
	if (parse_any(&f->s->cursor, text, &a) == 0 && parse_any(&f->s->cursor, span->raw, &b) == 0)
		return a < b;
	return strcmp(text, span->raw) < 0;
}

/* One window as a partition. */
static void
add_window(const struct span *span, struct text *out)
{
	text_adds(out, out->len == 0 ? "[{\"" SPAN_START "\": \"" : ", {\"" SPAN_START "\": \"");
	when_format_iso(span->start, out);
	text_adds(out, "\", \"" SPAN_END "\": \"");
	when_format_iso(span->whole, out);
	text_adds(out, "\"}");
}

ab_status
span_list(struct fetch *f, struct text *out, struct text *next)
{
	int n = 0;
	ab_status rc = span_find(f);

	f->token = f->read->token;
	if (rc == AB_OK)
		rc = enter_window(f);
	if (rc != AB_OK || f->is_void)
		return rc;
	add_window(&f->span, out);
	while (rc == AB_OK && f->span.has_next && ++n < SPAN_WINDOWS) {
		rc = cut_window(f, f->span.next);
		add_window(&f->span, out);
	}
	if (f->span.has_next)
		span_token(f, NULL, next);
	text_adds(out, "]");
	if (rc != AB_OK)
		return rc;
	return out->failed || next->failed ? request_no_memory(f->rest) : AB_OK;
}
