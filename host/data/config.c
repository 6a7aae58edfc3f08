/* config.c - reading a configuration and putting the environment into it; see config.h.
 *
 * Must never repeat a piece of the file in a message: jansson's "near '...'" is cut off. */
#include "data/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "data/config_internal.h"
#include "data/jsonread.h"

static ab_status
read_all(int fd, const char *name, struct buf *b, struct error *e)
{
	for (;;) {
		char *at = buf_reserve(b, 1u << 16);
		ssize_t n;

		if (at == NULL && b->len + (1u << 16) > b->max)
			return error_set(e, AB_ECONFIG,
			    "%s is larger than %u MiB: not a configuration", name,
			    CONFIG_MAX_BYTES >> 20);
		if (at == NULL)
			return error_set(e, AB_ENOMEM, "no memory to read %s", name);
		n = read(fd, at, 1u << 16);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(
			    e, AB_ECONFIG, "cannot read %s: %s", name, strerror(errno));
		if (n == 0)
			return AB_OK;
		b->len += (size_t)n;
	}
}

static int
is_blank(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && memchr(" \t\r\n", text[n], 4) != NULL)
		n++;
	return n == len;
}

ab_status
config_parse(
    const char *text, size_t len, const char *name, ab_status wrong, json_t **out, struct error *e)
{
	json_error_t je;
	char *near;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	if (is_blank(text, len))
		return error_set(e, wrong, "%s is empty: a JSON object is needed, {...}", name);
	*out = jsonread_text(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
	if (*out == NULL) {
		near = strstr(je.text, " near ");
		if (near != NULL)
			*near = '\0';
		return error_set(e, jsonread_lacked(&je) ? AB_ENOMEM : wrong,
		    "%s:%d:%d: not JSON: %s", name, je.line, je.column, je.text);
	}
	if (json_is_object(*out))
		return AB_OK;
	json_decref(*out);
	*out = NULL;
	return error_set(e, wrong, "%s:1:1: the JSON must be an object: {...}", name);
}

ab_status
config_read(const char *path, json_t **out, struct error *e)
{
	int is_stdin = strcmp(path, "-") == 0;
	const char *name = is_stdin ? "standard input" : path;
	struct buf b;
	struct stat st;
	ab_status rc = AB_OK;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	*out = NULL;
	buf_init(&b, CONFIG_MAX_BYTES + (1u << 16));
	if (fd < 0 || fstat(fd, &st) != 0)
		rc = error_set(e, AB_ECONFIG, "cannot read %s: %s", name, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		rc = error_set(e, AB_ECONFIG, "%s is a folder, not a JSON file", name);
	if (rc == AB_OK)
		rc = read_all(fd, name, &b, e);
	if (rc == AB_OK && b.len == 0)
		rc = error_set(e, AB_ECONFIG, "%s is empty: a JSON object is expected", name);
	if (rc == AB_OK)
		rc = config_parse(b.ptr, b.len, name, AB_ECONFIG, out, e);
	if (b.ptr != NULL)
		explicit_bzero(b.ptr, b.cap);
	buf_fini(&b);
	if (fd >= 0 && !is_stdin)
		close(fd);
	return rc;
}

size_t
path_key(struct buf *path, const char *key)
{
	size_t mark = path->len;

	buf_addc(path, '/');
	for (; *key != '\0'; key++) {
		if (*key == '~' || *key == '/')
			buf_adds(path, *key == '~' ? "~0" : "~1");
		else
			buf_addc(path, *key);
	}
	return mark;
}

size_t
path_index(struct buf *path, size_t i)
{
	size_t mark = path->len;

	buf_addf(path, "/%zu", i);
	return mark;
}

void
path_cut(struct buf *path, size_t mark)
{
	if (path->ptr != NULL && mark <= path->len) {
		path->len = mark;
		path->ptr[mark] = '\0';
	}
}

const char *
path_text(const struct buf *path)
{
	return path->len == 0 ? "the whole" : buf_str(path);
}

/* A walk through the strings of a configuration. */
struct expansion {
	struct buf text;    /* the string that is being put together */
	struct buf missing; /* "NAME (wanted by /api_key), ..." */
	struct buf where;   /* JSON pointer of the value */
	struct error *e;
};

static size_t
name_len(const char *s)
{
	size_t n = 0;

	while (s[n] == '_' || (s[n] >= 'A' && s[n] <= 'Z') || (s[n] >= 'a' && s[n] <= 'z') ||
	    (n > 0 && s[n] >= '0' && s[n] <= '9'))
		n++;
	return n;
}

/* `at` stands on "${"; returns what is behind the reference, or NULL. */
static const char *
expand_name(struct expansion *x, const char *at)
{
	const char *name = at + 2, *value;
	size_t len = name_len(name);
	char copy[256];

	if (len == 0 || len >= sizeof(copy) || name[len] != '}') {
		error_set(x->e, AB_ECONFIG,
		    "%s: \"${\" must be followed by a name and \"}\", as in ${API_KEY}; "
		    "for the two characters themselves write \"$${\"",
		    path_text(&x->where));
		return NULL;
	}
	memcpy(copy, name, len);
	copy[len] = '\0';
	value = getenv(copy);
	if (value == NULL)
		buf_addf(&x->missing, "%s%s (wanted by %s)", x->missing.len > 0 ? ", " : "", copy,
		    path_text(&x->where));
	else
		buf_adds(&x->text, value);
	return name + len + 1;
}

static ab_status
expand_string(struct expansion *x, json_t *string)
{
	const char *at = json_string_value(string), *mark;

	if (strstr(at, "${") == NULL)
		return AB_OK;
	buf_reset(&x->text);
	while ((mark = strstr(at, "${")) != NULL) {
		if (mark > at && mark[-1] == '$') {
			buf_add(&x->text, at, (size_t)(mark - at) - 1);
			buf_adds(&x->text, "${");
			at = mark + 2;
			continue;
		}
		buf_add(&x->text, at, (size_t)(mark - at));
		at = expand_name(x, mark);
		if (at == NULL)
			return x->e->status;
	}
	buf_adds(&x->text, at);
	if (x->text.failed)
		return error_set(
		    x->e, AB_ECONFIG, "%s: the value is too long", path_text(&x->where));
	if (json_string_setn(string, buf_str(&x->text), x->text.len) != 0)
		return error_set(x->e, AB_ECONFIG, "%s: the environment's value is not UTF-8 text",
		    path_text(&x->where));
	return AB_OK;
}

static ab_status
expand_value(struct expansion *x, json_t *value)
{
	ab_status rc = AB_OK;
	size_t i, mark;
	const char *key;
	json_t *item;

	if (json_is_string(value))
		return expand_string(x, value);
	json_object_foreach (value, key, item) {
		mark = path_key(&x->where, key);
		rc = expand_value(x, item);
		if (rc != AB_OK)
			return rc;
		path_cut(&x->where, mark);
	}
	for (i = 0; i < json_array_size(value); i++) {
		mark = path_index(&x->where, i);
		rc = expand_value(x, json_array_get(value, i));
		if (rc != AB_OK)
			return rc;
		path_cut(&x->where, mark);
	}
	return AB_OK;
}

ab_status
config_expand(json_t *config, struct error *e)
{
	struct expansion x = {.e = e};
	ab_status rc;

	buf_init(&x.text, CONFIG_MAX_BYTES);
	buf_init(&x.missing, 1500);
	buf_init(&x.where, CONFIG_MAX_BYTES);
	rc = expand_value(&x, config);
	if (rc == AB_OK && x.missing.len > 0)
		rc = error_set(e, AB_ECONFIG, "not set in the environment: %s%s",
		    buf_str(&x.missing), x.missing.failed ? ", and more" : "");
	if (x.text.ptr != NULL)
		explicit_bzero(x.text.ptr, x.text.cap);
	buf_fini(&x.text);
	buf_fini(&x.missing);
	buf_fini(&x.where);
	return rc;
}

const char *
config_string(const json_t *config, const char *path)
{
	while (config != NULL) {
		size_t len = strcspn(path, ".");

		config = json_object_getn(config, path, len);
		if (path[len] == '\0')
			break;
		path += len + 1;
	}
	return json_string_value(config);
}
