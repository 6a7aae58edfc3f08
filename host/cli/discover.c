/* discover.c - abhost discover: the streams that a connector has, bare or as a run would read them. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "data/jsonread.h"
#include "data/jsontext.h"
#include "engine/plan.h"

/* The streams of an AirbyteCatalog with the modes that a run would choose. */
static ab_status
configure(const json_t *discovered, int has_update_state, json_t **out, struct error *e)
{
	struct plan_options options = {.has_update_state = has_update_state};
	const json_t *streams = json_object_get(discovered, "streams");
	json_t *configured = json_array();
	struct plan plan = {0};
	struct catalog c;
	ab_status rc = catalog_init(&c) == 0 ? AB_OK : error_set(e, AB_ENOMEM, "no memory");

	for (size_t i = 0; rc == AB_OK && i < json_array_size(streams); i++) {
		char *text = jsontext_make(json_array_get(streams, i), JSON_COMPACT);

		rc = text != NULL ? catalog_add(&c, text, strlen(text), e)
				  : error_set(e, AB_ENOMEM, "no memory");
		free(text);
	}
	if (rc == AB_OK)
		rc = plan_make(&plan, &c, &options, e);
	for (size_t i = 0; rc == AB_OK && i < plan.n; i++)
		if (json_array_append_new(
			configured, jsonread_string(plan.streams[i].configured, 0, NULL)) != 0)
			rc = error_set(e, AB_ENOMEM, "no memory");
	plan_fini(&plan);
	catalog_fini(&c);
	*out = rc == AB_OK ? json_pack("{s:o}", "streams", configured) : NULL;
	if (rc != AB_OK)
		json_decref(configured);
	return rc;
}

static int
discover_run(const struct cli_args *a)
{
	json_t *catalog = NULL, *configured = NULL;
	struct error e = ERROR_INIT;
	struct cli_source s;
	int code = cli_look_init(&s, &cmd_discover, a, NULL, 1);
	ab_status rc;

	if (code >= 0)
		return code;
	rc = sync_discover(&s.sync, &catalog, &e);
	if (rc == AB_OK && a->value[0] != NULL)
		rc = configure(catalog, s.file.has_update_state, &configured, &e);
	if (rc == AB_OK)
		code = cli_print_json(configured != NULL ? configured : catalog);
	else
		code = cli_look_fail(&s, &e);
	json_decref(catalog);
	json_decref(configured);
	cli_source_fini(&s);
	return code;
}

static const struct cli_option options[] = {
    {"configured", NULL, "with the modes that run would choose: a file for run --catalog", 0},
    CLI_LOOK_OPTIONS, {.name = NULL}};
const struct cli_command cmd_discover = {.name = "discover",
    .words = "CONNECTOR CONFIG",
    .summary = "Print the streams that a connector has (AirbyteCatalog)",
    .least = 2,
    .most = 2,
    .options = options,
    .run = discover_run};
