/* Lists of records from JSON files: {"NAME": [ ... ]}, as the iso-codes package ships them. */
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "server.h"

static int
load_array(struct store *s, const char *file, const json_t *array)
{
	const char *base = strrchr(file, '/');
	char name[256];
	struct store_list *l;
	size_t i;
	json_t *item;

	base = base == NULL ? file : base + 1;
	snprintf(name, sizeof(name), "lists/%.*s", (int)strcspn(base, "."), base);
	l = store_add_list(s, name, RENDER_FLAT);
	if (l == NULL)
		return -1;
	json_array_foreach (array, i, item) {
		char *text = json_dumps(item, JSON_COMPACT);
		int rc = text == NULL ? -1 : store_add_text(s, l, text, strlen(text));

		free(text);
		if (rc == -1)
			return -1;
	}
	return 0;
}

static int
load_file(struct store *s, const char *path)
{
	json_error_t why;
	json_t *root = json_load_file(path, 0, &why), *value;
	const char *key;
	int rc = 0;

	if (root == NULL) {
		fprintf(stderr, "fake-api: %s: line %d: %s\n", path, why.line, why.text);
		return -1;
	}
	json_object_foreach (root, key, value) {
		if (rc == 0 && json_is_array(value))
			rc = load_array(s, path, value);
	}
	json_decref(root);
	return rc;
}

static int
is_list(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot != NULL && strcmp(dot, ".json") == 0 && strncmp(entry->d_name, "schema", 6) != 0;
}

int
lists_load(struct store *s, const char *path)
{
	struct dirent **entries;
	struct stat st;
	int n, rc = 0;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		return load_file(s, path);
	n = scandir(path, &entries, is_list, alphasort);
	if (n == -1) {
		perror(path);
		return -1;
	}
	for (int i = 0; i < n; i++) {
		char file[4096];

		snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		if (rc == 0)
			rc = load_file(s, file);
		free(entries[i]);
	}
	free(entries);
	return rc;
}
