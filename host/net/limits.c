/* limits.c - see limits.h. */
#include "net/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY 86400

static const struct field limit_fields[] = {{"requests_per_second", FIELD_NUMBER},
    {"burst", FIELD_NUMBER}, {"requests", FIELD_NUMBER}, {"per_seconds", FIELD_NUMBER},
    {"concurrency", FIELD_NUMBER}, {"timeout_seconds", FIELD_NUMBER},
    {"remaining_header", FIELD_STRING}, {"reset_header", FIELD_STRING}, {NULL, 0}};
static const struct field retry_fields[] = {{"attempts", FIELD_NUMBER}, {"seconds", FIELD_NUMBER},
    {"first_wait_seconds", FIELD_NUMBER}, {"most_wait_seconds", FIELD_NUMBER},
    {"longest_asked_seconds", FIELD_NUMBER}, {"sync_seconds", FIELD_NUMBER},
    {"retry_after", FIELD_STRING | FIELD_OBJECT}, {NULL, 0}};
static const struct field after_fields[] = {
    {"header", FIELD_STRING}, {"body", FIELD_STRING}, {"unit", FIELD_STRING}, {NULL, 0}};

struct reading {
	const struct fields *f;
	const char *pointer;
	const json_t *d;
	struct error *e;
};

/* One number, within its bounds; what is absent leaves *out alone. */
static ab_status
read_number(const struct reading *r, const char *key, double least, double most, double *out)
{
	const json_t *value = json_object_get(r->d, key);
	char wrong[80];

	if (value == NULL)
		return AB_OK;
	*out = json_number_value(value);
	if (*out >= least && *out <= most)
		return AB_OK;
	snprintf(wrong, sizeof(wrong), "must lie between %.10g and %.10g", least, most);
	return fields_fail(r->f, r->pointer, key, wrong, r->e);
}

static ab_status
read_count(const struct reading *r, const char *key, double most, uint32_t *out)
{
	double n = *out;

	if (read_number(r, key, 1, most, &n) != AB_OK)
		return r->e->status;
	if (n != (double)(uint32_t)n)
		return fields_fail(r->f, r->pointer, key, "must be a whole number", r->e);
	*out = (uint32_t)n;
	return AB_OK;
}

static ab_status
read_ms(const struct reading *r, const char *key, double least, double most, uint32_t *ms)
{
	double n = *ms / 1000.0;

	if (read_number(r, key, least, most, &n) != AB_OK)
		return r->e->status;
	*ms = (uint32_t)(n * 1000);
	return AB_OK;
}

static ab_status
read_seconds(const struct reading *r, const char *key, double least, double most, uint32_t *s)
{
	double n = *s;

	if (read_number(r, key, least, most, &n) != AB_OK)
		return r->e->status;
	*s = (uint32_t)n;
	return AB_OK;
}

static ab_status
copy_text(const struct reading *r, const json_t *d, const char *key, char **out)
{
	const char *text = json_string_value(json_object_get(d, key));

	if (text == NULL)
		return AB_OK;
	if (text[0] == '\0')
		return fields_fail(r->f, r->pointer, key, "is empty", r->e);
	*out = strdup(text);
	return *out == NULL ? error_set(r->e, AB_ENOMEM, "out of memory") : AB_OK;
}

static ab_status
read_rate(const struct reading *r, struct limits *out)
{
	struct ratelimit_rule *rate = &out->rate;
	double window = 0;

	if (read_number(r, "requests_per_second", 1e-4, 1e6, &rate->per_second) != AB_OK ||
	    read_count(r, "burst", 1e5, &rate->burst) != AB_OK ||
	    read_count(r, "requests", RATELIMIT_MAX_WINDOW, &rate->requests) != AB_OK ||
	    read_number(r, "per_seconds", 0.001, 31 * DAY, &window) != AB_OK)
		return r->e->status;
	rate->per_seconds = window;
	if ((rate->requests > 0) != (window > 0))
		return fields_fail(r->f, r->pointer, window > 0 ? "per_seconds" : "requests",
		    "needs the other one: \"requests\": 100, \"per_seconds\": 60", r->e);
	if (rate->burst > 0 && rate->per_second == 0)
		return fields_fail(
		    r->f, r->pointer, "burst", "needs \"requests_per_second\" beside it", r->e);
	return AB_OK;
}

static ab_status
read_limits(const struct reading *r, struct limits *out)
{
	if (fields_check(r->f, r->pointer, r->d, limit_fields, r->e) != AB_OK ||
	    read_rate(r, out) != AB_OK ||
	    read_count(r, "concurrency", 1000, &out->concurrency) != AB_OK ||
	    read_seconds(r, "timeout_seconds", 1, DAY, &out->timeout_s) != AB_OK ||
	    copy_text(r, r->d, "remaining_header", &out->told.remaining) != AB_OK)
		return r->e->status;
	return copy_text(r, r->d, "reset_header", &out->told.reset);
}

static ab_status
read_unit(const struct reading *r, const char *word, enum told_unit *out)
{
	static const char *const units[] = {
	    [TOLD_AUTO] = "auto", [TOLD_SECONDS] = "s", [TOLD_MS] = "ms"};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (word != NULL && strcmp(word, units[i]) != 0)
			continue;
		*out = (enum told_unit)i;
		return AB_OK;
	}
	return fields_fail(
	    r->f, r->pointer, "unit", "must be \"s\", \"ms\" or \"auto\" (any form)", r->e);
}

/* The name of a header, or where it stands and in which unit. */
static ab_status
read_after(const struct reading *r, const json_t *d, struct told_rule *out)
{
	const struct reading inner = {r->f, "/retry/retry_after", d, r->e};

	if (json_is_string(d))
		return copy_text(r, r->d, "retry_after", &out->header);
	if (fields_check(r->f, inner.pointer, d, after_fields, r->e) != AB_OK ||
	    read_unit(&inner, json_string_value(json_object_get(d, "unit")), &out->unit) != AB_OK ||
	    copy_text(&inner, d, "header", &out->header) != AB_OK ||
	    copy_text(&inner, d, "body", &out->body) != AB_OK)
		return r->e->status;
	if (out->header == NULL && out->body == NULL)
		return fields_fail(
		    r->f, "/retry", "retry_after", "needs a \"header\" or a \"body\"", r->e);
	return AB_OK;
}

static ab_status
read_retry(const struct reading *r, struct limits *out)
{
	const json_t *after = json_object_get(r->d, "retry_after");
	struct retry_rule *rule = &out->retry;

	if (fields_check(r->f, r->pointer, r->d, retry_fields, r->e) != AB_OK ||
	    read_count(r, "attempts", 1000, &rule->attempts) != AB_OK ||
	    read_seconds(r, "seconds", 0, DAY, &rule->total_s) != AB_OK ||
	    read_ms(r, "first_wait_seconds", 0.001, 3600, &rule->base_ms) != AB_OK ||
	    read_ms(r, "most_wait_seconds", 0.001, 3600, &rule->most_ms) != AB_OK ||
	    read_seconds(r, "longest_asked_seconds", 1, DAY, &rule->longest_s) != AB_OK ||
	    read_seconds(r, "sync_seconds", 0, 31 * DAY, &rule->sync_s) != AB_OK)
		return r->e->status;
	return after == NULL ? AB_OK : read_after(r, after, &out->told);
}

ab_status
limits_read(const struct fields *f, const json_t *limits, const json_t *retry, struct limits *out,
    struct error *e)
{
	const struct reading l = {f, "/limits", limits, e}, r = {f, "/retry", retry, e};
	ab_status rc = AB_OK;

	*out = (struct limits){.retry = RETRY_RULE_DEFAULT};
	if (limits != NULL)
		rc = read_limits(&l, out);
	if (rc == AB_OK && retry != NULL)
		rc = read_retry(&r, out);
	if (rc != AB_OK)
		limits_fini(out);
	return rc;
}

void
limits_fini(struct limits *l)
{
	told_rule_fini(&l->told);
	*l = (struct limits){.retry = RETRY_RULE_DEFAULT};
}
