/* syncfile.c - see syncfile.h. */
#include <config.h> /* asprintf */

#include <stdlib.h>
#include <string.h>

#include "cli/syncfile.h"
#include "data/config.h"

static const char schema_text[] = {
#include "cli/sync_schema.inc"
};

int
syncfile_is(const struct cli_args *a)
{
	size_t n = a->nwords == 1 ? strlen(a->word[0]) : 0;

	return n > 5 && strcmp(a->word[0] + n - 5, ".json") == 0;
}

/* Keeps a text; NULL and e: no memory. */
static const char *
keep(struct syncfile *s, const char *text, struct error *e)
{
	json_t *v = text == NULL ? NULL : json_string(text);

	if (v == NULL || json_array_append_new(s->kept, v) != 0) {
		error_set(e, AB_ENOMEM, "no memory");
		return NULL;
	}
	return json_string_value(v);
}

/* A path of the file's, as seen from here. */
static const char *
keep_path(struct syncfile *s, const char *scheme, const char *path, struct error *e)
{
	const char *slash = strrchr(s->path, '/'), *kept;
	char *whole = NULL;
	int folder = *path == '/' || slash == NULL ? 0 : (int)(slash - s->path) + 1;

	if (asprintf(&whole, "%s%.*s%s", scheme, folder, s->path, path) < 0)
		whole = NULL;
	kept = keep(s, whole, e);
	free(whole);
	return kept;
}

static int
option_of(const struct cli_command *cmd, const char *name)
{
	for (int i = 0; cmd->options[i].name != NULL; i++)
		if (strcmp(cmd->options[i].name, name) == 0)
			return i;
	return -1;
}

/* Where the command line does not say it itself. */
static void
set_option(struct syncfile *s, const char *name, const char *value)
{
	int i = option_of(s->cmd, name);

	if (i >= 0 && value != NULL && s->args.value[i] == NULL)
		s->args.value[i] = value;
}

/* A value that a JSON file has, as the option would be written; NULL: it is not there, or false. */
static const char *
value_text(struct syncfile *s, const json_t *v, struct error *e)
{
	char number[32];

	if (json_is_string(v))
		return json_string_value(v);
	if (json_is_true(v))
		return "";
	if (!json_is_integer(v))
		return NULL;
	snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(v));
	return keep(s, number, e);
}

/* ["a", "b"] as "a,b". */
static const char *
join(struct syncfile *s, const json_t *names, struct error *e)
{
	struct buf b;
	const char *kept;
	const json_t *v;
	size_t i;

	buf_init(&b, 1u << 20);
	json_array_foreach (names, i, v)
		buf_addf(&b, "%s%s", i == 0 ? "" : ",", json_string_value(v));
	kept = b.failed ? NULL : keep(s, buf_str(&b), e);
	buf_fini(&b);
	return kept;
}

static void
set_options(struct syncfile *s, const json_t *doc, struct error *e)
{
	static const struct {
		const char *key, *option;
		int is_path;
	} keys[] = {{"verify", "verify", 0}, {"wait", "wait", 0}, {"concurrency", "concurrency", 0},
	    {"memory", "memory", 0}, {"page_cap", "page-cap", 0}, {"state", "state", 1},
	    {"secrets", "secrets", 1}, {"report", "report", 1}, {"python", "python", 0}};
	const json_t *refresh = json_object_get(doc, "full_refresh");

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *v = json_object_get(doc, keys[i].key);

		set_option(s, keys[i].option,
		    keys[i].is_path && v != NULL ? keep_path(s, "", json_string_value(v), e)
						 : value_text(s, v, e));
	}
	set_option(s, "full-refresh",
	    json_is_array(refresh) ? join(s, refresh, e) : value_text(s, refresh, e));
}

static void
set_destination(struct syncfile *s, const char *to, struct error *e)
{
	const char *colon = to == NULL ? NULL : strchr(to, ':');
	char scheme[64] = "";

	if (to == NULL)
		return;
	if (colon != NULL && (size_t)(colon - to) < sizeof(scheme) - 1) {
		memcpy(scheme, to, (size_t)(colon - to) + 1);
		scheme[colon - to + 1] = '\0';
	} else {
		colon = NULL;
	}
	/* standard output, and servers, are nowhere in particular */
	if (colon != NULL && (strcmp(colon, ":-") == 0 || strncmp(colon, "://", 3) == 0))
		set_option(s, "to", keep(s, to, e));
	else
		set_option(s, "to", keep_path(s, scheme, colon == NULL ? to : colon + 1, e));
}

/* "a" as ["a"]; NULL: no memory, or it is none. */
static json_t *
wrapped(const json_t *text)
{
	return json_is_string(text) ? json_pack("[s]", json_string_value(text)) : NULL;
}

/* One of the file's streams as an entry of a catalog. */
static json_t *
make_entry(json_t *given, const char *contract)
{
	json_t *entry = json_is_string(given) ? json_object() : json_copy(given), *path;
	const json_t *name = json_is_string(given) ? given : json_object_get(given, "name");
	const json_t *ns = json_object_get(given, "namespace");
	json_t *stream = json_pack("{s:s}", "name", json_string_value(name));
	int failed = 0;

	if (ns != NULL)
		failed |=
		    json_object_set_new(stream, "namespace", json_string(json_string_value(ns)));
	failed |= json_object_set_new(entry, "stream", stream);
	if (contract != NULL && json_object_get(entry, "schema_contract") == NULL)
		failed |= json_object_set_new(entry, "schema_contract", json_string(contract));
	if ((path = wrapped(json_object_get(entry, "cursor_field"))) != NULL)
		failed |= json_object_set_new(entry, "cursor_field", path);
	if ((path = wrapped(json_object_get(entry, "primary_key"))) != NULL)
		failed |= json_object_set_new(entry, "primary_key", json_pack("[o]", path));
	if (!failed)
		return entry;
	json_decref(entry);
	return NULL;
}

static void
make_catalog(struct syncfile *s, const json_t *doc, struct error *e)
{
	const json_t *streams = json_object_get(doc, "streams");
	const char *contract = json_string_value(json_object_get(doc, "schema_contract"));
	int i = option_of(s->cmd, "contract"), catalog = option_of(s->cmd, "catalog");
	json_t *list = json_array(), *one;
	size_t k;

	json_array_foreach (streams, k, one)
		if (json_array_append_new(list, make_entry(one, contract)) != 0)
			error_set(e, AB_ENOMEM, "no memory for the streams");
	if (streams != NULL && (catalog < 0 || s->args.value[catalog] == NULL))
		s->catalog = json_pack("{s:O}", "streams", list);
	else if (contract != NULL && i >= 0 && s->args.value[i] == NULL) {
		s->args.value[i] = contract;
		s->args.repeated[s->args.nrepeated].option = i;
		s->args.repeated[s->args.nrepeated++].value = contract;
	}
	json_decref(list);
}

static ab_status
check(json_t *doc, struct error *e)
{
	json_t *schema = NULL;

	if (config_parse(schema_text, sizeof(schema_text) - 1, "its schema", AB_EBUG, &schema, e) ==
	    AB_OK)
		config_check_by(schema, "the schema of such a file (schema/sync.json)", doc, e);
	json_decref(schema);
	return e->status;
}

/* A path of the connector's, be it behind a scheme, is relative to the file. */
static const char *
keep_connector(struct syncfile *s, const char *connector, struct error *e)
{
	size_t n = strlen(LOADER_FOREIGN);
	int is_foreign = strncmp(connector, LOADER_FOREIGN, n) == 0;
	int is_path =
	    strchr(connector, '/') != NULL || (!is_foreign && strstr(connector, ".so") != NULL);

	if (!is_path)
		return connector;
	return is_foreign ? keep_path(s, LOADER_FOREIGN, connector + n, e)
			  : keep_path(s, "", connector, e);
}

static ab_status
take(struct syncfile *s, json_t *doc, struct error *e)
{
	json_t *config = json_incref(json_object_get(doc, "config"));
	const char *connector;

	/* the configuration's own names are replaced where it is read, once */
	json_object_del(doc, "config");
	config_expand(doc, e);
	json_object_set(doc, "config", config);
	if (e->status == AB_OK && check(doc, e) == AB_OK) {
		connector = json_string_value(json_object_get(doc, "connector"));
		s->args.nwords = 2;
		s->args.word[0] = keep_connector(s, connector, e);
		s->args.word[1] = json_is_string(config)
		    ? keep_path(s, "", json_string_value(config), e)
		    : s->path;
		if (json_is_object(config))
			s->config = json_incref(config);
		set_destination(s, json_string_value(json_object_get(doc, "destination")), e);
		set_options(s, doc, e);
		make_catalog(s, doc, e);
	}
	json_decref(config);
	return e->status;
}

ab_status
syncfile_read(
    struct syncfile *s, const struct cli_command *cmd, const struct cli_args *a, struct error *e)
{
	json_t *doc = NULL;

	*s = (struct syncfile){.args = *a, .cmd = cmd, .path = a->word[0], .kept = json_array()};
	if (s->kept == NULL)
		return error_set(e, AB_ENOMEM, "no memory");
	if (config_read(s->path, &doc, e) == AB_OK) {
		json_array_append(s->kept, doc);
		if (take(s, doc, e) != AB_OK)
			error_wrap(e, "%s", s->path);
	}
	json_decref(doc);
	return e->status;
}

void
syncfile_fini(struct syncfile *s)
{
	json_decref(s->config);
	json_decref(s->catalog);
	json_decref(s->kept);
}
