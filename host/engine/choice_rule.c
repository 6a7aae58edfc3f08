/* choice_rule.c - what the user said about the content of streams: contracts, columns, deleted records.  See choice.h. */
#include <stdio.h>
#include <string.h>

#include "engine/choice.h"

const char *
plan_contract_word(enum dest_contract contract)
{
	static const char *const words[] = {
	    [DEST_EVOLVE] = "evolve",
	    [DEST_FREEZE] = "freeze",
	    [DEST_DISCARD_ROW] = "discard_row",
	    [DEST_DISCARD_VALUE] = "discard_value",
	};

	return words[contract];
}

const char *
plan_deleted_word(enum dest_deleted deleted)
{
	static const char *const words[] = {
	    [DEST_KEEP] = "keep", [DEST_MARK] = "mark", [DEST_REMOVE] = "remove"};

	return words[deleted];
}

static ab_status
set_contract(struct choice *ch, const char *word, const char *where, struct error *e)
{
	for (int c = DEST_EVOLVE; c <= DEST_DISCARD_VALUE; c++) {
		if (strcmp(word, plan_contract_word((enum dest_contract)c)) != 0)
			continue;
		ch->contract = (enum dest_contract)c;
		ch->has_contract = 1;
		return AB_OK;
	}
	return error_set(e, AB_ECONFIG,
	    "%s: \"%.200s\" is not a contract; use evolve, freeze, discard_row or discard_value",
	    where, word);
}

/* "remove", "mark:FIELD" */
static ab_status
set_deleted(struct choice *ch, const char *word, const char *where, struct error *e)
{
	size_t len = strcspn(word, ":");

	for (int d = DEST_KEEP; d <= DEST_REMOVE; d++) {
		const char *have = plan_deleted_word((enum dest_deleted)d);

		if (strlen(have) != len || memcmp(have, word, len) != 0)
			continue;
		ch->deleted = (enum dest_deleted)d;
		ch->has_deleted = 1;
		if (word[len] == '\0')
			return AB_OK;
		if (word[len + 1] == '\0')
			return error_set(
			    e, AB_ECONFIG, "%s: a field's name must stand behind the colon", where);
		json_decref(ch->deleted_field);
		ch->deleted_field = json_string(word + len + 1);
		return ch->deleted_field != NULL
		    ? AB_OK
		    : error_set(e, AB_ECONFIG, "%s: the field's name is not UTF-8", where);
	}
	return error_set(e, AB_ECONFIG,
	    "%s: \"%.200s\" says nothing about deleted records; use mark, remove or keep", where,
	    word);
}

/* ["a", "b"], or Airbyte's [{"fieldPath": ["a"]}, ...]. */
static ab_status
set_columns(struct choice *ch, const json_t *list, const char *where, struct error *e)
{
	json_t *columns = json_array();
	const json_t *one;
	size_t i;
	int failed = columns == NULL;

	json_array_foreach (list, i, one) {
		const json_t *path = choice_get(one, "field_path", "fieldPath");

		if (path != NULL)
			one = json_array_get(path, 0);
		if (json_string_length(one) == 0 || json_array_size(path) > 1) {
			json_decref(columns);
			return error_set(
			    e, AB_ECONFIG, "%s: columns must be names of top-level fields", where);
		}
		failed |= json_array_append_new(columns, json_copy((json_t *)(uintptr_t)one)) != 0;
	}
	json_decref(ch->columns);
	ch->columns = columns;
	if (failed)
		return error_set(e, AB_ENOMEM, "no memory for the columns");
	return json_array_size(columns) > 0
	    ? AB_OK
	    : error_set(e, AB_ECONFIG, "%s: columns must name at least one field", where);
}

/* Airbyte's numbers; a platform that knows no refreshes leaves them out, or null. */
static ab_status
set_generation(struct choice *ch, const json_t *config, const char *where, struct error *e)
{
	const struct {
		const char *snake, *camel;
		int64_t *to;
	} keys[] = {{"generation_id", "generationId", &ch->generation_id},
	    {"minimum_generation_id", "minimumGenerationId", &ch->minimum_generation_id},
	    {"sync_id", "syncId", &ch->sync_id}};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *v = choice_get(config, keys[i].snake, keys[i].camel);

		if (v == NULL)
			continue;
		if (!json_is_integer(v) || json_integer_value(v) < 0)
			return error_set(e, AB_ECONFIG, "%s: %s must be an integer, 0 or more",
			    where, keys[i].snake);
		*keys[i].to = (int64_t)json_integer_value(v);
	}
	if (ch->minimum_generation_id > 0 && ch->minimum_generation_id != ch->generation_id)
		return error_set(e, AB_ECONFIG,
		    "%s: minimum_generation_id must be 0 (older rows stay) or the generation_id (they go), not %lld",
		    where, (long long)ch->minimum_generation_id);
	return AB_OK;
}

ab_status
choice_rule_entry(struct choice *ch, const json_t *config, const char *where, struct error *e)
{
	const json_t *contract = choice_get(config, "schema_contract", "schemaContract");
	const json_t *deleted = choice_get(config, "deleted", "deleted");
	const json_t *field = choice_get(config, "deleted_field", "deletedField");
	const json_t *columns = choice_get(config, "columns", "columns");
	ab_status status = AB_OK;

	/* the API's form keeps a list also where selection is off */
	if (columns == NULL &&
	    json_is_true(choice_get(config, "field_selection_enabled", "fieldSelectionEnabled")))
		columns = choice_get(config, "selected_fields", "selectedFields");
	if ((contract != NULL && !json_is_string(contract)) ||
	    (deleted != NULL && !json_is_string(deleted)) ||
	    (field != NULL && json_string_length(field) == 0) ||
	    (columns != NULL && !json_is_array(columns)))
		return error_set(e, AB_ECONFIG,
		    "%s: schema_contract, deleted and deleted_field must be texts, columns an array of texts",
		    where);
	if (contract != NULL)
		status = set_contract(ch, json_string_value(contract), where, e);
	if (status == AB_OK && deleted != NULL)
		status = set_deleted(ch, json_string_value(deleted), where, e);
	if (status == AB_OK && field != NULL) {
		json_decref(ch->deleted_field);
		ch->deleted_field = json_incref((json_t *)(uintptr_t)field);
	}
	ch->deleted_is_named |= deleted != NULL;
	if (status == AB_OK)
		status = set_generation(ch, config, where, e);
	if (status == AB_OK && columns != NULL)
		status = set_columns(ch, columns, where, e);
	return status;
}

static ab_status
split_columns(struct choice *ch, const char *list, const char *where, struct error *e)
{
	json_t *names = json_array();
	ab_status status;
	int failed = names == NULL;

	for (const char *p = list;; p++) {
		size_t len = strcspn(p, ",");

		failed |= json_array_append_new(names, json_stringn(p, len)) != 0;
		p += len;
		if (*p == '\0')
			break;
	}
	status = failed ? error_set(e, AB_ECONFIG, "%s: the names are not UTF-8", where)
			: set_columns(ch, names, where, e);
	json_decref(names);
	return status;
}

typedef ab_status setter(struct choice *ch, const char *value, const char *where, struct error *e);

/* "STREAM=VALUE", of which a stream's name may hold '=' where a value may not; or, for all streams, "VALUE". */
static ab_status
read_option(struct choice *choices, const struct catalog *c, const char *option, const char *text,
    setter *set, int for_all, struct error *e)
{
	const char *eq = for_all ? strrchr(text, '=') : strchr(text, '=');
	ab_status status = AB_OK;
	char where[256];
	int found = 0;

	snprintf(where, sizeof(where), "--%s \"%.200s\"", option, text);
	if (eq == NULL && !for_all)
		return error_set(e, AB_ECONFIG, "%s: expected STREAM=NAMES", where);
	for (size_t i = 0; i < json_array_size(c->streams) && status == AB_OK; i++) {
		if (eq != NULL && !choice_is_named(c, i, text, (size_t)(eq - text)))
			continue;
		found = 1;
		status = set(&choices[i], eq == NULL ? text : eq + 1, where, e);
		choices[i].deleted_is_named |= eq != NULL && set == set_deleted;
	}
	if (status == AB_OK && !found && eq != NULL)
		return choice_unknown(c, text, (size_t)(eq - text), where, e);
	return status;
}

/* For all streams first: what is said of one stands above it. */
static ab_status
read_options(struct choice *choices, const struct catalog *c, const char *option,
    const char *const *texts, setter *set, int for_all, struct error *e)
{
	ab_status status = AB_OK;

	for (int named = 0; named <= 1; named++)
		for (const char *const *t = texts; t != NULL && *t != NULL && status == AB_OK; t++)
			if ((strchr(*t, '=') != NULL || !for_all) == named)
				status = read_option(choices, c, option, *t, set, for_all, e);
	return status;
}

ab_status
choice_rule_options(
    struct choice *choices, const struct catalog *c, const struct plan_options *o, struct error *e)
{
	ab_status status = read_options(choices, c, "contract", o->contracts, set_contract, 1, e);

	if (status == AB_OK)
		status = read_options(choices, c, "columns", o->columns, split_columns, 0, e);
	if (status == AB_OK)
		status = read_options(choices, c, "deleted", o->deleted, set_deleted, 1, e);
	return status;
}
