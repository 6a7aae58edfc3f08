/* foreign_say.c - see foreign.h: everything that a program says but records and states.
 *
 * Whatever is shown goes through the log or an error, which take secrets and control characters out.  What comes too
 * fast is counted, not shown. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/redact.h"
#include "base/utf8.h"
#include "data/config.h"
#include "data/jsonread.h"
#include "source/foreign.h"

#define LINES_A_SECOND 50
#define SHOWN	       1500 /* bytes of a text of the program's */

struct ab_str
foreign_text(const char *text)
{
	return (struct ab_str){text, strlen(text)};
}

void
foreign_log(struct foreign *f, struct source_event *ev, int level, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_reset(&f->said_text);
	buf_adds(&f->said_text, text);
	ev->type = SOURCE_LOG;
	ev->stream = SOURCE_ALL;
	ev->num = level;
	ev->text = foreign_text(buf_str(&f->said_text));
}

/* The string at a key, without secrets, cut to what is shown, "" where there is none. */
static char *
show(struct ab_str object, const char *key, char out[SHOWN])
{
	struct buf b;

	buf_init(&b, (size_t)64 << 20);
	out[0] = '\0';
	if (line_string(line_get(object, key), &b) == 0 && b.len > 0)
		utf8_copy(out, SHOWN, redact_text(b.ptr)); /* what is cut would not be known */
	buf_fini(&b);
	return out;
}

/* 1: it may be said now. */
static int
is_in_rate(struct foreign *f)
{
	int64_t second = clock_mono_us() / 1000000;

	if (second != f->second) {
		f->second = second;
		f->said = 0;
		if (f->unsaid > 0)
			log_line(AB_WARN, "%s: %u more lines in a second", f->who, f->unsaid);
		f->unsaid = 0;
	}
	if (f->said++ < LINES_A_SECOND)
		return 1;
	f->unsaid++;
	return 0;
}

static int
on_log(struct foreign *f, struct ab_str log, struct source_event *ev)
{
	static const struct {
		const char *word;
		int level;
	} levels[] = {{"FATAL", AB_ERROR}, {"ERROR", AB_ERROR}, {"WARN", AB_WARN},
	    {"INFO", AB_INFO}, {"DEBUG", AB_DEBUG}, {"TRACE", AB_DEBUG}};
	struct ab_str level = line_get(log, "level");
	char text[SHOWN];
	int as = AB_INFO;

	if (!is_in_rate(f))
		return 0;
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (line_is(level, levels[i].word))
			as = levels[i].level;
	foreign_log(f, ev, as, "%s", show(log, "message", text));
	return 1;
}

static ab_status
class_of(struct ab_str error)
{
	struct ab_str type = line_get(error, "failure_type");

	return line_is(type, "config_error")   ? AB_ECONFIG
	    : line_is(type, "transient_error") ? AB_ETRANSIENT
					       : AB_EBUG;
}

static struct foreign_stream *
stream_of(struct foreign *f, struct ab_str holder)
{
	struct ab_str d = line_get(holder, "stream_descriptor");
	char name[SHOWN], space[SHOWN];

	if (d.len == 0)
		d = holder;
	show(d, "name", name);
	show(d, "namespace", space);
	return *name == '\0' ? NULL : foreign_find(f, foreign_text(name), foreign_text(space));
}

static int
on_error(struct foreign *f, struct ab_str error)
{
	struct ab_str d = line_get(error, "stream_descriptor");
	struct foreign_stream *s = d.len > 0 && d.ptr[0] == '{' ? stream_of(f, error) : NULL;
	char message[SHOWN], internal[SHOWN];
	struct error *e = s != NULL ? &s->error : &f->error;
	int is_more;

	show(error, "message", message);
	show(error, "internal_message", internal);
	is_more = *internal != '\0' && strcmp(internal, message) != 0 && strlen(internal) < 500;
	if (s != NULL)
		error_set(e, class_of(error), "%s, stream \"%s\": %s%s%s%s", f->who, s->name,
		    message, is_more ? " (" : "", is_more ? internal : "", is_more ? ")" : "");
	else
		error_set(e, class_of(error), "%s: %s%s%s%s", f->who, message, is_more ? " (" : "",
		    is_more ? internal : "", is_more ? ")" : "");
	return 0;
}

/* A RUNNING with the reason RATE_LIMITED is a wait. */
static int
on_running(struct foreign *f, const struct foreign_stream *s, struct ab_str status,
    struct source_event *ev)
{
	struct ab_str reasons = line_get(status, "reasons"), one;
	int64_t reset;
	size_t at = 0;

	while (line_each(reasons, &at, &one)) {
		if (!line_is(line_get(one, "type"), "RATE_LIMITED"))
			continue;
		reset = line_int(line_get(line_get(one, "rate_limited"), "quota_reset"), 0);
		ev->type = SOURCE_WAIT;
		ev->stream = s->index;
		ev->num = reset > 0 && reset < INT64_MAX / 1000 ? reset * 1000 : clock_now_us();
		ev->text = foreign_text("rate limited, says the source");
		ev->token = foreign_text(f->who);
		ev->limited = 1;
		return 1;
	}
	return 0;
}

static int
on_status(struct foreign *f, struct ab_str status, struct source_event *ev)
{
	struct foreign_stream *s = stream_of(f, status);
	struct ab_str word = line_get(status, "status");

	if (s == NULL)
		return 0;
	f->has_status = 1;
	if (line_is(word, "COMPLETE"))
		s->status = FOREIGN_COMPLETE;
	else if (line_is(word, "INCOMPLETE"))
		s->status = FOREIGN_INCOMPLETE;
	else if (line_is(word, "STARTED"))
		s->status = FOREIGN_STARTED;
	else if (line_is(word, "RUNNING"))
		return on_running(f, s, status, ev);
	return 0;
}

static int
on_estimate(struct foreign *f, struct ab_str estimate)
{
	struct foreign_stream *s = stream_of(f, estimate);

	if (s != NULL && line_is(line_get(estimate, "type"), "STREAM"))
		s->estimate = line_int(line_get(estimate, "row_estimate"), -1);
	return 0;
}

static int
on_trace(struct foreign *f, struct ab_str trace, struct source_event *ev)
{
	struct ab_str type = line_get(trace, "type");

	if (line_is(type, "ERROR"))
		return on_error(f, line_get(trace, "error"));
	if (line_is(type, "STREAM_STATUS"))
		return on_status(f, line_get(trace, "stream_status"), ev);
	if (line_is(type, "ESTIMATE"))
		return on_estimate(f, line_get(trace, "estimate"));
	return 0;
}

/* Secrets of the new one must not be shown either. */
static ab_status
redact_config(const struct foreign *f, const char *config, struct error *e)
{
	json_t *spec = jsonread_string(f->spec, 0, NULL), *v = jsonread_string(config, 0, NULL);

	if (v == NULL)
		error_set(e, AB_EDATA, "it is no JSON object of the usual kind");
	else if (spec != NULL)
		config_redact(spec, v, e);
	json_decref(spec);
	json_decref(v);
	return e->status;
}

static int
on_control(struct foreign *f, struct ab_str control, struct source_event *ev)
{
	struct ab_str v = line_get(line_get(control, "connectorConfig"), "config");
	struct error e = ERROR_INIT;
	char *config;

	if (!line_is(line_get(control, "type"), "CONNECTOR_CONFIG") || v.len == 0 ||
	    v.ptr[0] != '{')
		return 0;
	if ((config = strndup(v.ptr, v.len)) == NULL)
		error_set(&e, AB_ENOMEM, "no memory");
	else if (redact_config(f, config, &e) == AB_OK && f->secrets == NULL)
		error_set(&e, AB_ECONFIG, "there is no place for it; name one with --secrets FILE");
	else if (e.status == AB_OK)
		foreign_keep(f->secrets, f->config, config, &e);
	if (config != NULL)
		explicit_bzero(config, strlen(config));
	free(config);
	if (e.status != AB_OK)
		foreign_log(f, ev, AB_ERROR,
		    "it has changed its configuration, which is not kept: %s", e.text);
	return e.status != AB_OK;
}

static int
on_check(struct foreign *f, struct ab_str status)
{
	char message[SHOWN];

	if (f->job != FOREIGN_CHECK || f->has_answer)
		return 0;
	f->has_answer = 1;
	f->is_refused = !line_is(line_get(status, "status"), "SUCCEEDED");
	if (f->is_refused) {
		error_clear(&f->error);
		show(status, "message", message);
		error_set(&f->error, AB_ECONFIG, "%s: %s", f->who,
		    *message == '\0' ? "the check failed, it does not say why" : message);
	}
	return 0;
}

static int
on_catalog(struct foreign *f, struct ab_str catalog)
{
	struct ab_str streams = line_get(catalog, "streams");

	if (f->job != FOREIGN_DISCOVER || f->has_answer)
		return 0;
	f->has_answer = buf_add(&f->catalog, streams.ptr, streams.len) == 0;
	return 0;
}

int
foreign_message(struct foreign *f, const struct line *line, struct source_event *ev)
{
	switch (line->type) {
	case LINE_LOG:
		return on_log(f, line->payload, ev);
	case LINE_TRACE:
		return on_trace(f, line->payload, ev);
	case LINE_CONTROL:
		return on_control(f, line->payload, ev);
	case LINE_STATUS:
		return on_check(f, line->payload);
	case LINE_CATALOG:
		return on_catalog(f, line->payload);
	case LINE_OTHER:
		if (!is_in_rate(f))
			return 0;
		foreign_log(f, ev, AB_DEBUG, "a message of type %.*s is passed over",
		    line->type_name.len > 100 ? 100 : (int)line->type_name.len,
		    line->type_name.ptr);
		return 1;
	default:
		return 0;
	}
}

int
foreign_prose(struct foreign *f, const struct line *line, struct source_event *ev)
{
	char text[4 * SHOWN], out[SHOWN];
	size_t n = line->text.len < sizeof(text) - 1 ? line->text.len : sizeof(text) - 1;

	if (!is_in_rate(f))
		return 0;
	memcpy(text, line->text.ptr, n);
	text[n] = '\0';
	foreign_log(f, ev, AB_INFO, "printed: %s", utf8_copy(out, sizeof(out), redact_text(text)));
	return 1;
}

static void
keep_line(struct foreign *f, const char *text, size_t len)
{
	char *to = f->tail[(f->tail_at + f->ntail) % FOREIGN_TAIL];
	char line[sizeof(f->err) + 1];

	if (len == 0)
		return;
	if (f->ntail == FOREIGN_TAIL) {
		to = f->tail[f->tail_at];
		f->tail_at = (f->tail_at + 1) % FOREIGN_TAIL;
	} else {
		f->ntail++;
	}
	snprintf(line, sizeof(line), "%.*s", (int)len, text);
	utf8_copy(to, sizeof(f->tail[0]), redact_text(line));
}

void
foreign_hear(struct foreign *f)
{
	ssize_t n = 1;
	char *end;

	for (int reads = 0; reads < 16 && f->program.err_fd >= 0 && n > 0; reads++) {
		n = read(f->program.err_fd, f->err + f->err_len, sizeof(f->err) - f->err_len);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
			close(f->program.err_fd);
			f->program.err_fd = -1;
			keep_line(f, f->err, f->err_len);
			f->err_len = 0;
		}
		f->err_len += n > 0 ? (size_t)n : 0;
		while ((end = memchr(f->err, '\n', f->err_len)) != NULL ||
		    f->err_len == sizeof(f->err)) {
			size_t len = end != NULL ? (size_t)(end - f->err) : f->err_len;
			size_t used = len + (end != NULL);

			keep_line(f, f->err, len);
			memmove(f->err, f->err + used, f->err_len - used);
			f->err_len -= used;
		}
	}
}

int
foreign_tail(struct foreign *f, struct source_event *ev)
{
	foreign_hear(f);
	if (f->ntail == 0)
		return 0;
	foreign_log(f, ev, AB_WARN, "printed: %s", f->tail[f->tail_at]);
	f->tail_at = (f->tail_at + 1) % FOREIGN_TAIL;
	f->ntail--;
	return 1;
}
