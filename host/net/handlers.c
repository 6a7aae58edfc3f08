/* handlers.c - see handlers.h. */
#include <config.h>

#include "net/handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/lookup.h"

#define RULES_MAX 100

static const struct field rule_fields[] = {{"status", FIELD_NUMBER | FIELD_STRING | FIELD_ARRAY},
    {"contains", FIELD_STRING}, {"body", FIELD_OBJECT}, {"action", FIELD_STRING | FIELD_REQUIRED},
    {"message", FIELD_STRING}, {"wait_seconds", FIELD_NUMBER}, {NULL, 0}};
static const struct field body_fields[] = {{"path", FIELD_STRING | FIELD_REQUIRED},
    {"equals", FIELD_STRING | FIELD_NUMBER | FIELD_BOOLEAN | FIELD_NULL},
    {"contains", FIELD_STRING}, {"exists", FIELD_BOOLEAN}, {NULL, 0}};

static const char *const actions[] = {[HANDLERS_NONE] = "",
    [HANDLERS_END] = "end",
    [HANDLERS_SKIP] = "skip",
    [HANDLERS_RETRY] = "retry",
    [HANDLERS_CONFIG] = "config",
    [HANDLERS_FAIL] = "fail"};

#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

static enum handlers_action
action_of(const json_t *rule)
{
	const char *word = json_string_value(json_object_get(rule, "action"));

	for (size_t i = 1; word != NULL && i < ACTIONS; i++)
		if (strcmp(actions[i], word) == 0)
			return (enum handlers_action)i;
	return HANDLERS_NONE;
}

/* "4xx", "400-499"; -1. */
static int
read_range(const char *text, int *from, int *to)
{
	char *end;

	if (strlen(text) == 3 && text[0] >= '2' && text[0] <= '5' && strcmp(text + 1, "xx") == 0) {
		*from = (text[0] - '0') * 100;
		*to = *from + 99;
		return 0;
	}
	if (strlen(text) != 7 || strspn(text, "0123456789-") != 7 || text[3] != '-')
		return -1;
	*from = (int)strtol(text, &end, 10);
	*to = (int)strtol(end + 1, NULL, 10);
	return *from >= 200 && *from <= *to && *to <= 599 ? 0 : -1;
}

static int
read_status(const json_t *item, int *from, int *to)
{
	json_int_t n = json_integer_value(item);

	if (json_is_string(item))
		return read_range(json_string_value(item), from, to);
	*from = *to = (int)n;
	return json_is_integer(item) && n >= 200 && n <= 599 ? 0 : -1;
}

static int
is_status(const json_t *item, int status)
{
	int from, to;
	const json_t *one;
	size_t i;

	if (json_is_array(item)) {
		json_array_foreach (item, i, one)
			if (is_status(one, status))
				return 1;
		return 0;
	}
	return read_status(item, &from, &to) == 0 && status >= from && status <= to;
}

static int
are_statuses(const json_t *item)
{
	int from, to;
	const json_t *one;
	size_t i;

	if (!json_is_array(item))
		return read_status(item, &from, &to) == 0;
	json_array_foreach (item, i, one)
		if (read_status(one, &from, &to) != 0)
			return 0;
	return json_array_size(item) > 0;
}

static ab_status
check_body(const struct fields *f, const char *pointer, const json_t *body, struct error *e)
{
	char inner[64];
	size_t n = json_object_size(body);

	snprintf(inner, sizeof(inner), "%s/body", pointer);
	if (fields_check(f, inner, body, body_fields, e) != AB_OK)
		return e->status;
	return n == 2
	    ? AB_OK
	    : fields_fail(f, inner, "path",
		  "must have one of \"equals\", \"contains\" and \"exists\" beside it", e);
}

static ab_status
check_rule(const struct fields *f, size_t i, const json_t *rule, struct error *e)
{
	const json_t *status = json_object_get(rule, "status"),
		     *body = json_object_get(rule, "body"),
		     *wait = json_object_get(rule, "wait_seconds");
	char pointer[48];
	double seconds = json_number_value(wait);

	snprintf(pointer, sizeof(pointer), "/errors/%zu", i);
	if (!json_is_object(rule))
		return fields_fail(f, pointer, "", "must be an object", e);
	if (fields_check(f, pointer, rule, rule_fields, e) != AB_OK)
		return e->status;
	if (status != NULL && !are_statuses(status))
		return fields_fail(f, pointer, "status",
		    "must be a status from 200 to 599, \"4xx\", \"400-499\", or an array of these",
		    e);
	if (action_of(rule) == HANDLERS_NONE)
		return fields_fail(f, pointer, "action",
		    "must be \"end\", \"skip\", \"retry\", \"config\" or \"fail\"", e);
	if (wait != NULL && (action_of(rule) != HANDLERS_RETRY || seconds < 0 || seconds > 86400))
		return fields_fail(f, pointer, "wait_seconds",
		    "must lie between 0 and 86400, beside the action \"retry\"", e);
	if (status == NULL && body == NULL && json_object_get(rule, "contains") == NULL)
		return fields_fail(f, pointer, "action",
		    "would fit every answer: \"status\", \"contains\" or \"body\" is missing", e);
	return body == NULL ? AB_OK : check_body(f, pointer, body, e);
}

ab_status
handlers_check(const struct fields *f, const json_t *list, struct error *e)
{
	const json_t *rule;
	ab_status rc = AB_OK;
	size_t i;

	if (json_array_size(list) > RULES_MAX)
		return fields_fail(f, "", "errors", "has more than 100 rules", e);
	json_array_foreach (list, i, rule)
		if (rc == AB_OK)
			rc = check_rule(f, i, rule, e);
	return rc;
}

/* Numbers are the same whether they are written 1 or 1.0. */
static int
is_equal(const json_t *a, const json_t *b)
{
	if (json_is_number(a) && json_is_number(b))
		return json_number_value(a) == json_number_value(b);
	return json_equal(a, b);
}

static int
body_fits(const json_t *rule, struct ab_str body)
{
	json_t *value = lookup_value(body, json_string_value(json_object_get(rule, "path")));
	const json_t *equals = json_object_get(rule, "equals"),
		     *exists = json_object_get(rule, "exists");
	const char *part = json_string_value(json_object_get(rule, "contains"));
	int fits;

	if (exists != NULL)
		fits = json_is_true(exists) == (value != NULL && !json_is_null(value));
	else if (part != NULL)
		fits = json_is_string(value) && strstr(json_string_value(value), part) != NULL;
	else
		fits = value != NULL && is_equal(value, equals);
	json_decref(value);
	return fits;
}

static int
status_fits(const json_t *rule, int status)
{
	const json_t *wanted = json_object_get(rule, "status");

	return wanted == NULL || is_status(wanted, status);
}

static int
rule_fits(const json_t *rule, int status, struct ab_str body)
{
	const json_t *in = json_object_get(rule, "body"), *part = json_object_get(rule, "contains");

	if (!status_fits(rule, status))
		return 0;
	if (part != NULL &&
	    (body.len == 0 ||
		memmem(body.ptr, body.len, json_string_value(part), json_string_length(part)) ==
		    NULL))
		return 0;
	return in == NULL || body_fits(in, body);
}

struct handlers_match
handlers_find(const json_t *list, int status, struct ab_str body)
{
	struct handlers_match match = {HANDLERS_NONE, NULL, -1};
	const json_t *rule, *wait;
	size_t i;

	json_array_foreach (list, i, rule) {
		if (!rule_fits(rule, status, body))
			continue;
		wait = json_object_get(rule, "wait_seconds");
		match.action = action_of(rule);
		match.message = json_string_value(json_object_get(rule, "message"));
		if (wait != NULL)
			match.wait_ms = (int64_t)(json_number_value(wait) * 1000);
		return match;
	}
	return match;
}
