/* faults.c - family faults: one answer of the API at a time is replaced by something worse, and stays so.
 *
 * The host repeats what may pass, in no time; what is judged is what the connector makes of what is left. */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "accept/act.h"
#include "accept/checks.h"
#include "accept/spoil.h"

enum { IS_CONFIG = 1, IS_DATA = 2, IS_TRANSIENT = 4 };

struct kind {
	const char *name; /* as cassette_fault has it */
	const char *expected;
	int classes;	/* that are right */
	int may_end;	/* it may also be an answer: of nothing, or of what is passed over */
	int is_refusal; /* check() must say so, too */
	int is_odd;	/* pages may have come of it */
};

#define OR_ANSWERS \
	" (config, data, or an answer that a description passes over with \"ok\" or \"errors\")"

static const struct kind kinds[] = {
    {"401", "class config where an answer is 401: pass on what http() returns", IS_CONFIG, 0, 1, 0},
    {"403", "class config where an answer is 403" OR_ANSWERS, IS_CONFIG, 1, 0, 0},
    {"404", "class config or data where an answer is 404" OR_ANSWERS, IS_CONFIG | IS_DATA, 1, 0, 0},
    {"429", "class transient where an answer stays 429: pass on what http() returns", IS_TRANSIENT,
	0, 1, 0},
    {"500", "class transient where an answer stays 500: pass on what http() returns", IS_TRANSIENT,
	0, 1, 0},
    {"reset", "class transient where the connection is lost: pass on what http() returns",
	IS_TRANSIENT, 0, 1, 0},
    {"truncated",
	"class transient where a body ends too early: pass on what http() or http_read() returns",
	IS_TRANSIENT, 0, 1, 0},
    {"html", "class data where HTML comes in place of JSON, and no end of the stream",
	IS_DATA | IS_CONFIG, 0, 0, 1},
    {"empty", "class data where an answer is {}, or that there are no records", IS_DATA | IS_CONFIG,
	1, 0, 1},
    {"null", "class data where an answer is null, or that there are no records",
	IS_DATA | IS_CONFIG, 1, 0, 1},
    {"types", "class data, or records as they came, where values have other types",
	IS_DATA | IS_CONFIG, 1, 0, 1}};

static int
class_of(ab_status rc)
{
	return rc == AB_ECONFIG	  ? IS_CONFIG
	    : rc == AB_EDATA	  ? IS_DATA
	    : rc == AB_ETRANSIENT ? IS_TRANSIENT
				  : 0;
}

/* A request that is not in the recording was the connector's answer to it: nothing can be said. */
static int
is_right(const struct kind *kind, const struct act *a, ab_status rc)
{
	return (class_of(rc) & kind->classes) != 0 ||
	    (rc == AB_EDATA && strstr(a->error.text, "is not in the recording") != NULL);
}

__attribute__((format(printf, 4, 5))) static enum accept_verdict
wrong(const struct kind *kind, struct finding *f, uint32_t number, const char *what, ...)
{
	char text[2400];
	va_list ap;

	va_start(ap, what);
	vsnprintf(text, sizeof(text), what, ap);
	va_end(ap);
	return finding_fail(
	    f, kind->expected, "with the answer %05u.json replaced, %s", number, text);
}

static enum accept_verdict
try_check(const struct kind *kind, struct act *a, struct finding *f, uint32_t number)
{
	uint64_t before = a->broken;
	ab_status rc = act_check(a);

	if (rc != AB_OK && !is_right(kind, a, rc))
		return wrong(kind, f, number, "check() ended with class %s: %s", error_word(rc),
		    a->error.text);
	if (rc == AB_OK && kind->is_refusal && a->broken - before > a->k->spoil->broken)
		return wrong(kind, f, number, "check() returned AB_OK");
	return ACCEPT_OK;
}

static enum accept_verdict
try_streams(const struct kind *kind, struct act *a, struct finding *f, uint32_t number)
{
	ab_status rc = act_streams(a, NULL, NULL);

	if (rc != AB_OK && !is_right(kind, a, rc))
		return wrong(kind, f, number, "streams() ended with class %s: %s", error_word(rc),
		    a->error.text);
	return ACCEPT_OK;
}

static enum accept_verdict
judge_read(const struct kind *kind, const struct act *a, struct finding *f, uint32_t number,
    size_t stream, const struct pages *got)
{
	const char *name = a->k->plan.streams[stream].name;
	const struct pages *good = &a->k->spoil->good[stream];
	ab_status rc = a->error.status;
	int is_whole = got->n == good->n && pages_begin(got, good);

	if (rc != AB_OK && !is_right(kind, a, rc))
		return wrong(kind, f, number, "stream \"%s\" ended with class %s: %s", name,
		    error_word(rc), a->error.text);
	if (rc == AB_OK && !is_whole && !kind->may_end)
		return wrong(kind, f, number,
		    "the read of stream \"%s\" ended well, and what it gave is not all: %zu pages of %zu",
		    name, got->n, good->n);
	if (!kind->is_odd && !kind->may_end && !pages_begin(got, good))
		return wrong(kind, f, number,
		    "stream \"%s\" gave a page that is another one when all is well", name);
	return ACCEPT_OK;
}

static enum accept_verdict
try_read(const struct kind *kind, struct act *a, struct finding *f, uint32_t number, size_t stream)
{
	struct pages got = {.hash = NULL};
	enum accept_verdict v;

	error_clear(&a->error);
	(void)spoil_read(a, stream, &got);
	v = judge_read(kind, a, f, number, stream, &got);
	pages_fini(&got);
	return v;
}

static enum accept_verdict
try_fault(struct kit *k, const struct kind *kind, struct finding *f, uint32_t number)
{
	const struct act_options o = {
	    .fault = kind->name, .fault_at = number, .look = leak_look, .ctx = k->spoil};
	enum accept_verdict v = ACCEPT_OK;
	struct act a;

	if (act_open(&a, k, &o) != AB_OK) {
		v = wrong(kind, f, number, "open() failed: %s", a.error.text);
		act_close(&a);
		return v;
	}
	if (!k->spoil->no_check)
		v = try_check(kind, &a, f, number);
	if (v == ACCEPT_OK && !k->spoil->no_streams)
		v = try_streams(kind, &a, f, number);
	for (size_t i = 0; i < k->plan.n && v == ACCEPT_OK; i++)
		if (!k->spoil->good[i].is_missing)
			v = try_read(kind, &a, f, number, i);
	act_close(&a);
	k->spoil->answers++;
	return v;
}

static enum accept_verdict
try_kind(struct kit *k, struct finding *f, const char *name)
{
	const struct kind *kind = kinds;
	enum accept_verdict v = ACCEPT_OK;
	struct error e = ERROR_INIT;

	while (strcmp(kind->name, name) != 0)
		kind++;
	if (*k->fixtures == '\0')
		return finding_skip(f, "there are no fixtures");
	if (spoil_of(k, &e) == NULL)
		return finding_fail(f, "all streams can be read", "%s", e.text);
	for (unsigned i = 0; i < k->spoil->count && v == ACCEPT_OK && !accept_stopped(); i++)
		v = try_fault(k, kind, f, k->spoil->number[i]);
	if (k->spoil->count < k->spoil->recorded)
		finding_note(f, "%u answers of %u, all over the recording", k->spoil->count,
		    k->spoil->recorded);
	return v;
}

#define FAULT(id, name) \
	enum accept_verdict check_faults_##id(struct kit *k, struct finding *f) \
	{ \
		return try_kind(k, f, name); \
	}

FAULT(401, "401")
FAULT(403, "403")
FAULT(404, "404")
FAULT(429, "429")
FAULT(500, "500")
FAULT(reset, "reset")
FAULT(truncated, "truncated")
FAULT(html, "html")
FAULT(empty, "empty")
FAULT(null, "null")
FAULT(types, "types")

enum accept_verdict
check_faults_secrets(struct kit *k, struct finding *f)
{
	struct error e = ERROR_INIT;

	if (spoil_of(k, &e) == NULL)
		return finding_fail(f, "all streams can be read", "%s", e.text);
	if (k->spoil->nforms == 0)
		return finding_skip(f, "the configuration has no secret of 8 bytes or more");
	if (k->spoil->leak[0] != '\0')
		return finding_fail(f,
		    "no credential of the configuration, nor half of one, in a record, a token, a state, a log line or a sentence",
		    "it stands in %s", k->spoil->leak);
	finding_note(f, "in %u replaced answers", k->spoil->answers);
	return ACCEPT_OK;
}
