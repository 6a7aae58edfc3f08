/* inspect_look.c - finding out what abhost inspect tells; runs nothing of the file. */
#include <stdlib.h>
#include <string.h>

#include "cli/inspect.h"
#include "data/config.h"
#include "source/sofile.h"

#define MAX_DEPTH 64
#define MAX_PATH  512

static int
is_one_of(const char *key, const char *const *names)
{
	while (*names != NULL && strcmp(key, *names) != 0)
		names++;
	return *names != NULL;
}

static int
is_marked(const json_t *schema)
{
	const json_t *mark = json_object_get(schema, "airbyte_secret");

	return mark != NULL && !json_is_false(mark) && !json_is_null(mark);
}

/* Each path once. */
static void
note_path(json_t *list, const char *path)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_array_get(list, i)), path) == 0)
			return;
	json_array_append_new(list, json_string(path));
}

static void find_secrets(struct inspection *in, const json_t *v, const char *path, int depth);

/* What stands under a key of a schema. `name`: what it adds to the path. */
static void
find_below(struct inspection *in, const json_t *v, const char *path, const char *name, int depth)
{
	char below[MAX_PATH];

	snprintf(below, sizeof(below), "%s%s%s", path,
	    *path == '\0' || *name == '\0' || *name == '[' ? "" : ".", name);
	find_secrets(in, v, below, depth - 1);
}

/* Wherever in the spec it stands: what is told too often does no harm. */
static void
find_secrets(struct inspection *in, const json_t *v, const char *path, int depth)
{
	static const char *const named[] = {
	    "properties", "patternProperties", "definitions", "$defs", NULL};
	const char *key, *name;
	json_t *child, *sub;

	if (depth == 0)
		return;
	if (is_marked(v))
		note_path(
		    json_is_true(json_object_get(v, "ab_reveal")) ? in->shown : in->kept, path);
	json_object_foreach ((json_t *)v, key, child) {
		if (is_one_of(key, named))
			json_object_foreach (child, name, sub)
				find_below(in, sub, path, name, depth);
		else
			find_below(in, child, path, strcmp(key, "items") == 0 ? "[]" : "", depth);
	}
	for (size_t i = 0; i < json_array_size(v); i++)
		find_below(in, json_array_get(v, i), path, "", depth);
}

static int
note_symbol(void *ctx, const struct sofile_symbol *s)
{
	return json_array_append_new(ctx, json_string(s->name));
}

static void
look_at_elf(struct inspection *in)
{
	struct sofile *so;

	if (sofile_open(in->file.fd, &so, NULL) != AB_OK)
		return;
	in->has_elf = 1;
	in->has_stack_protector = sofile_imports(so, "__stack_chk_fail");
	in->has_fortified_calls = sofile_imports_ending(so, "_chk");
	in->exports = json_array();
	if (in->exports != NULL && sofile_symbols(so, note_symbol, in->exports) != 0) {
		json_decref(in->exports); /* part of them would be worse than none */
		in->exports = NULL;
	}
	sofile_close(so);
}

void
inspect_look(const char *name, struct inspection *in)
{
	*in = (struct inspection){.why = ERROR_INIT};
	in->kept = json_array();
	in->shown = json_array();
	loader_find(name, &in->file, &in->why);
	if (in->file.fd >= 0 && pin_digest(in->file.fd, -1, in->sha256, NULL) != AB_OK)
		in->sha256[0] = '\0';
	if (in->file.fd >= 0)
		look_at_elf(in);
	if (in->file.spec != NULL &&
	    config_parse(in->file.spec, strlen(in->file.spec), "its spec", AB_EBUG, &in->spec,
		&in->why) == AB_OK)
		find_secrets(in, in->spec, "", MAX_DEPTH);
	if (in->kept == NULL || in->shown == NULL)
		error_set(&in->why, AB_ENOMEM, "no memory");
}

void
inspect_fini(struct inspection *in)
{
	loader_file_fini(&in->file);
	json_decref(in->exports);
	json_decref(in->spec);
	json_decref(in->kept);
	json_decref(in->shown);
}
