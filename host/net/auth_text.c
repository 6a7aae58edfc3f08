/* auth_text.c - see auth_internal.h.  Must never put a value of the config into a message. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/redact.h"
#include "data/jsonread.h"
#include "net/auth_internal.h"

#define SECRET_MAX (64u << 10)
#define TREE_DEPTH 16

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "out of memory");
}

void
auth_text_free(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

ab_status
auth_hide(const char *secret, struct error *e)
{
	return redact_add(secret, strlen(secret)) == 0 ? AB_OK : no_memory(e);
}

static void
note_key(struct reading *r, const char *path)
{
	char quoted[104];
	size_t n = strlen(r->keys);

	snprintf(quoted, sizeof(quoted), "\"%.96s\"", path);
	if (strstr(r->keys, quoted) == NULL)
		snprintf(r->keys + n, AUTH_KEYS - n, "%s%s", n > 0 ? " and " : "", quoted);
}

/* The value at a dotted path, a new reference or NULL.  A text on the way that is itself a JSON object is looked
 * into: service accounts are handed out as files, which users paste into one config key. */
static json_t *
find_value(const json_t *config, const char *path)
{
	json_t *at = json_incref((json_t *)(uintptr_t)config), *next;

	while (at != NULL) {
		size_t len = strcspn(path, ".");

		if (json_is_string(at)) {
			next = jsonread_string(json_string_value(at), 0, NULL);
			json_decref(at);
			at = next;
		}
		next = json_incref(json_object_getn(at, path, len));
		json_decref(at);
		at = next;
		if (path[len] == '\0')
			break;
		path += len + 1;
	}
	if (at != NULL && !json_is_string(at)) {
		json_decref(at);
		at = NULL;
	}
	return at;
}

static const char *
judge(const char *value, unsigned how)
{
	const char *wrong = how & TEXT_LINES ? NULL : headers_check_value(value);

	if (wrong == NULL && value[0] == '\0' && !(how & TEXT_EMPTY))
		wrong = "is empty";
	if (wrong == NULL && strlen(value) > SECRET_MAX)
		wrong = "is longer than 64 KiB";
	return wrong;
}

/* fallback NULL: the config must have it. */
static char *
read_config(struct reading *r, const char *path, const char *fallback, unsigned how)
{
	json_t *found = find_value(r->config, path);
	const char *value = found != NULL ? json_string_value(found) : fallback, *wrong;
	char *copy = NULL;

	wrong = value == NULL ? "is missing, or not a text" : judge(value, how);
	if (wrong != NULL) {
		error_set(r->e, AB_ECONFIG, "\"%s\" in the config %s; it is needed to sign in",
		    path, wrong);
	} else {
		note_key(r, path);
		if (how & TEXT_PLAIN || auth_hide(value, r->e) == AB_OK) {
			copy = strdup(value);
			if (copy == NULL)
				no_memory(r->e);
		}
	}
	json_decref(found);
	return copy;
}

char *
auth_text_config(struct reading *r, const char *path, unsigned how)
{
	return read_config(r, path, NULL, how);
}

/* Adds the value of the placeholder in [key, key + len). */
static int
add_placeholder(struct reading *r, struct buf *out, const char *key, size_t len, unsigned how)
{
	char *path = strndup(key, len), *value = NULL;
	int rc = -1;

	if (path != NULL)
		value = auth_text_config(r, path, how);
	else
		no_memory(r->e);
	if (value != NULL) {
		rc = how & TEXT_ENCODE ? url_encode(out, value, strlen(value))
				       : buf_adds(out, value);
		if (rc != 0)
			error_set(r->e, AB_ECONFIG, "\"%s\" in the config is too long", path);
	}
	auth_text_free(value);
	free(path);
	return rc;
}

static char *
read_template(struct reading *r, const char *pointer, const char *text, unsigned how)
{
	struct buf out;
	const char *p = text;
	char *done = NULL;
	size_t len;

	buf_init(&out, 2 * SECRET_MAX);
	while (*p != '\0') {
		len = strcspn(p, "{");
		if (buf_add(&out, p, len) != 0)
			goto out;
		p += len;
		if (*p == '\0')
			break;
		len = strcspn(p + 1, "{}");
		if (len == 0 || p[1 + len] != '}') {
			fields_fail(r->f, pointer, "template",
			    "has a { that does not begin a {config_key}", r->e);
			goto out;
		}
		if (add_placeholder(r, &out, p + 1, len, how) != 0)
			goto out;
		p += len + 2;
	}
	done = strdup(buf_str(&out));
	if (done != NULL && !(how & TEXT_PLAIN) && auth_hide(done, r->e) != AB_OK) {
		auth_text_free(done);
		done = NULL;
	}
out:
	if (done == NULL && r->e->status == AB_OK)
		no_memory(r->e);
	if (out.ptr != NULL)
		explicit_bzero(out.ptr, out.cap);
	buf_fini(&out);
	return done;
}

char *
auth_text(struct reading *r, const char *pointer, const json_t *value, unsigned how)
{
	static const struct field from_config[] = {
	    {"config", FIELD_STRING | FIELD_REQUIRED}, {"default", FIELD_STRING}, {NULL, 0}};
	static const struct field from_template[] = {
	    {"template", FIELD_STRING | FIELD_REQUIRED}, {NULL, 0}};
	const char *text = json_string_value(value);
	int is_template = json_object_get(value, "template") != NULL;
	char *copy;

	if (text != NULL) {
		if ((copy = strdup(text)) == NULL)
			no_memory(r->e);
		return copy;
	}
	if (fields_check(r->f, pointer, value, is_template ? from_template : from_config, r->e) !=
	    AB_OK)
		return NULL;
	if (is_template)
		return read_template(
		    r, pointer, json_string_value(json_object_get(value, "template")), how);
	return read_config(r, json_string_value(json_object_get(value, "config")),
	    json_string_value(json_object_get(value, "default")), how);
}

char *
auth_text_of(struct reading *r, const char *pointer, const json_t *d, const char *key, unsigned how)
{
	const json_t *value = json_object_get(d, key);
	char below[AUTH_POINTER], *none;

	if (value == NULL) {
		if ((none = calloc(1, 1)) == NULL)
			no_memory(r->e);
		return none;
	}
	snprintf(below, sizeof(below), "%.90s/%s", pointer, key);
	return auth_text(r, below, value, how);
}

static int
is_text(const json_t *value)
{
	return json_is_string(value) || json_object_get(value, "config") != NULL ||
	    json_object_get(value, "template") != NULL;
}

static json_t *
read_tree(struct reading *r, const char *pointer, const json_t *value, unsigned how, int depth);

static json_t *
read_branch(struct reading *r, const char *pointer, const json_t *value, unsigned how, int depth)
{
	json_t *out = json_is_array(value) ? json_array() : json_object(), *item, *made;
	char below[AUTH_POINTER];
	const char *key;
	size_t i;
	int rc = out == NULL ? -1 : 0;

	json_array_foreach (value, i, item) {
		snprintf(below, sizeof(below), "%.90s/%zu", pointer, i);
		made = rc == 0 ? read_tree(r, below, item, how, depth + 1) : NULL;
		rc = made != NULL ? json_array_append_new(out, made) : -1;
	}
	json_object_foreach ((json_t *)(uintptr_t)value, key, item) {
		snprintf(below, sizeof(below), "%.90s/%.64s", pointer, key);
		made = rc == 0 ? read_tree(r, below, item, how, depth + 1) : NULL;
		rc = made != NULL ? json_object_set_new(out, key, made) : -1;
	}
	if (rc == 0)
		return out;
	json_decref(out);
	if (r->e->status == AB_OK)
		no_memory(r->e);
	return NULL;
}

static json_t *
read_tree(struct reading *r, const char *pointer, const json_t *value, unsigned how, int depth)
{
	json_t *out;
	char *text;

	if (depth > TREE_DEPTH) {
		fields_fail(r->f, pointer, "", "is nested too deep", r->e);
		return NULL;
	}
	if (!is_text(value)) {
		if (json_is_object(value) || json_is_array(value))
			return read_branch(r, pointer, value, how, depth);
		return json_incref((json_t *)(uintptr_t)value);
	}
	text = auth_text(r, pointer, value, how);
	if (text == NULL)
		return NULL;
	out = json_string(text);
	if (out == NULL)
		error_set(r->e, AB_ECONFIG, "%s, for %s, is no UTF-8 text",
		    r->keys[0] != '\0' ? r->keys : "a text", pointer);
	auth_text_free(text);
	return out;
}

json_t *
auth_text_tree(struct reading *r, const char *pointer, const json_t *value, unsigned how)
{
	return read_tree(r, pointer, value, how, 0);
}

/* Whether the whole URL is the user's own: then it may be plain http. */
static const char *
whole_key(const struct reading *r, const json_t *value)
{
	const char *path = json_string_value(json_object_get(value, "config"));
	json_t *found = path == NULL ? NULL : find_value(r->config, path);

	json_decref(found);
	return found != NULL ? path : NULL;
}

ab_status
auth_url(struct reading *r, const char *pointer, const json_t *d, const char *key, struct buf *out)
{
	const json_t *value = json_object_get(d, key);
	const char *from = whole_key(r, value), *wrong;
	char *text = auth_text_of(r, pointer, d, key, TEXT_PLAIN | TEXT_ENCODE);
	struct url u;

	if (text == NULL)
		return r->e->status;
	wrong = url_join(r->endpoint->base.ptr, text, out);
	if (wrong == NULL)
		wrong = url_parse(buf_str(out), &u);
	if (wrong == NULL && from == NULL && !url_is_https(&u) && !url_is_loopback(&u) &&
	    !url_same_origin(&u, &r->endpoint->url))
		wrong = "is plain http, which is used only where the config says so";
	auth_text_free(text);
	if (wrong == NULL)
		return AB_OK;
	if (from != NULL)
		return error_set(r->e, AB_ECONFIG, "\"%s\" in the config %s", from, wrong);
	if (json_is_object(value)) /* pieces of it are the user's */
		return error_set(r->e, AB_ECONFIG, "the %s, made with %s in the config, %s", key,
		    r->keys[0] != '\0' ? r->keys : "nothing", wrong);
	return fields_fail(r->f, pointer, key, wrong, r->e);
}

char *
auth_basic(struct reading *r, const char *user, const char *password)
{
	size_t n = strlen(user) + strlen(password) + 2;
	char *pair = malloc(n), *code = malloc(sizeof("Basic ") + BASE64_SIZE(n)), *out = NULL;

	if (pair != NULL && code != NULL) {
		snprintf(pair, n, "%s:%s", user, password);
		memcpy(code, "Basic ", 6);
		base64_encode(pair, n - 1, code + 6);
		if (auth_hide(pair, r->e) == AB_OK)
			out = code;
	} else {
		no_memory(r->e);
	}
	auth_text_free(pair);
	if (out == NULL)
		free(code);
	return out;
}
