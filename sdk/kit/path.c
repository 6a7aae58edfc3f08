/* path.c - paths into JSON values: names, indexes, and "*" for all of them. */
#include <errno.h>
#include <stdlib.h>

#include "kit.h"

#define NAME_MAX_LEN 256

const char *
path_take(const char *path, char *name, size_t room, int *is_wild)
{
	size_t n = 0;

	*is_wild = path[0] == '*' && (path[1] == '.' || path[1] == '\0');
	for (; *path != '\0' && *path != '.'; path++) {
		if (path[0] == '\\' && path[1] != '\0')
			path++;
		if (n + 1 >= room)
			return NULL;
		name[n++] = *path;
	}
	name[n] = '\0';
	return *path == '.' ? path + 1 : path;
}

int
path_is_wild(const char *path)
{
	char name[NAME_MAX_LEN];
	int is_wild = 0;

	while (path != NULL && *path != '\0' && !is_wild)
		path = path_take(path, name, sizeof(name), &is_wild);
	return is_wild;
}

/* Of an array: "2", or "-1" for the last one. */
static const struct ab_json *
element(struct ab_host *h, const struct ab_json *array, const char *name)
{
	char *end;
	long i;

	errno = 0;
	i = strtol(name, &end, 10);
	if (errno != 0 || end == name || *end != '\0')
		return NULL;
	if (i < 0)
		i += (long)h->json_len(array);
	return i < 0 ? NULL : h->json_at(array, (size_t)i);
}

static const struct ab_json *
step(struct ab_host *h, const struct ab_json *value, const char *name)
{
	switch (h->json_type(value)) {
	case AB_OBJECT:
		return h->json_get(value, name);
	case AB_ARRAY:
		return element(h, value, name);
	default:
		return NULL;
	}
}

const struct ab_json *
rest_at(struct ab_host *h, const struct ab_json *value, const char *path)
{
	char name[NAME_MAX_LEN];
	int is_wild;

	while (path != NULL && *path != '\0' && value != NULL) {
		path = path_take(path, name, sizeof(name), &is_wild);
		value = path == NULL || is_wild ? NULL : step(h, value, name);
	}
	return value;
}

struct walk {
	struct ab_host *h;
	path_visit visit;
	void *ctx;
	int *found;
};

static ab_status
walk_on(const struct walk *w, const struct ab_json *value, const char *path, struct ab_str key)
{
	char name[NAME_MAX_LEN];
	int is_wild = 0, is_object, type;
	ab_status rc = AB_OK;

	while (*path != '\0' && value != NULL) {
		path = path_take(path, name, sizeof(name), &is_wild);
		if (path == NULL || is_wild)
			break;
		value = step(w->h, value, name);
	}
	if (value == NULL || path == NULL)
		return AB_OK;
	type = w->h->json_type(value);
	is_object = type == AB_OBJECT;
	*w->found |= !is_wild || is_object || type == AB_ARRAY || type == AB_NULL;
	if (!is_wild)
		return w->visit(w->ctx, value, key);
	if (!is_object && type != AB_ARRAY)
		return AB_OK;
	for (size_t i = 0, n = w->h->json_len(value); rc == AB_OK && i < n; i++) {
		if (is_object)
			key = w->h->json_key(value, i);
		rc = walk_on(w, w->h->json_at(value, i), path, key);
	}
	return rc;
}

ab_status
path_each(struct ab_host *h, const struct ab_json *value, const char *path, path_visit visit,
    void *ctx, int *found)
{
	struct walk w = {h, visit, ctx, found};

	*found = 0;
	return walk_on(&w, value, path == NULL ? "" : path, (struct ab_str){NULL, 0});
}
