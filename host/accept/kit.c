/* kit.c - see kit.h: the connector's file, its spec, configuration and fixtures, found before anything is checked. */
#include <config.h>

#include "accept/read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accept/spoil.h"
#include "base/nocore.h"
#include "base/utf8.h"
#include "data/config.h"
#include "data/jsontext.h"

#define MAX_PATH    4096
#define FINDING_MAX 4000

void
finding_init(struct finding *f)
{
	buf_init(&f->expected, FINDING_MAX);
	buf_init(&f->seen, FINDING_MAX);
	buf_init(&f->reason, FINDING_MAX);
	buf_init(&f->note, FINDING_MAX);
}

void
finding_fini(struct finding *f)
{
	buf_fini(&f->expected);
	buf_fini(&f->seen);
	buf_fini(&f->reason);
	buf_fini(&f->note);
}

static void
add_text(struct buf *b, const char *format, va_list ap)
{
	char text[2400], valid[2400];

	vsnprintf(text, sizeof(text), format, ap);
	buf_adds(b, utf8_copy(valid, sizeof(valid), text));
}

enum accept_verdict
finding_fail(struct finding *f, const char *expected, const char *seen, ...)
{
	va_list ap;

	buf_adds(&f->expected, expected);
	va_start(ap, seen);
	add_text(&f->seen, seen, ap);
	va_end(ap);
	return ACCEPT_FAILED;
}

enum accept_verdict
finding_skip(struct finding *f, const char *reason, ...)
{
	va_list ap;

	if (f->reason.len > 0) /* the first one is enough */
		return ACCEPT_SKIPPED;
	va_start(ap, reason);
	add_text(&f->reason, reason, ap);
	va_end(ap);
	return ACCEPT_SKIPPED;
}

void
finding_note(struct finding *f, const char *text, ...)
{
	va_list ap;

	if (f->note.len > 0)
		buf_adds(&f->note, "; ");
	va_start(ap, text);
	add_text(&f->note, text, ap);
	va_end(ap);
}

/* A name beside the connector's file: "fixtures". NULL: it is not there. */
static char *
find_beside(const struct kit *k, const char *name)
{
	const char *slash = strrchr(k->file.path, '/');
	struct stat st;
	struct buf path;
	char *found = NULL;

	buf_init(&path, MAX_PATH);
	if (slash != NULL)
		buf_add(&path, k->file.path, (size_t)(slash - k->file.path) + 1);
	if (buf_adds(&path, name) == 0 && stat(buf_str(&path), &st) == 0)
		found = buf_steal(&path);
	buf_fini(&path);
	return found;
}

static ab_status
find_fixtures(struct kit *k, struct error *e)
{
	const char *named = k->o->fixtures;
	char *path = named != NULL ? strdup(named) : find_beside(k, "fixtures");

	if (path == NULL || *path == '\0')
		k->fixtures = strdup("");
	else if ((k->fixtures = realpath(path, NULL)) == NULL)
		error_set(e, AB_ECONFIG,
		    "cannot replay %s: %s; --replay needs a folder that --record made", path,
		    strerror(errno));
	free(path);
	return e->status;
}

/* A credential that is not set is not needed: no request leaves this machine.  A word in its place keeps the spec content. */
static void
set_missing(const json_t *v)
{
	const char *key, *at = json_string_value(v), *end;
	char name[128];
	json_t *one;

	json_object_foreach ((json_t *)v, key, one)
		set_missing(one);
	for (size_t i = 0; i < json_array_size(v); i++)
		set_missing(json_array_get(v, i));
	while (at != NULL && (at = strstr(at, "${")) != NULL) {
		end = strchr(at += 2, '}');
		if (end == NULL || (size_t)(end - at) >= sizeof(name))
			continue;
		memcpy(name, at, (size_t)(end - at));
		name[end - at] = '\0';
		if (*name != '\0')
			setenv(name, "a-word-for-the-test", 0);
	}
}

ab_status
kit_read_config(struct kit *k, const char *path, json_t **out, struct error *e)
{
	ab_status rc = config_read(path, out, e);

	if (rc != AB_OK)
		return rc; /* says which file */
	if (k->o->record == NULL)
		set_missing(*out);
	rc = config_expand(*out, e);
	if (rc == AB_OK && k->spec != NULL)
		rc = config_redact(k->spec, *out, e);
	if (rc == AB_OK && k->spec != NULL)
		rc = config_check_by(k->spec, "the connector's spec", *out, e);
	if (rc == AB_OK && k->spec != NULL)
		rc = config_redact(k->spec, *out, e); /* defaults may be secrets too */
	return rc == AB_OK ? rc : error_wrap(e, "%s", path);
}

enum accept_verdict
kit_check_example(struct kit *k, struct finding *f)
{
	char *path = find_beside(k, "config.example.json");
	enum accept_verdict v = ACCEPT_OK;
	struct error e = ERROR_INIT;
	json_t *config = NULL;

	if (path != NULL && (k->config_path == NULL || strcmp(path, k->config_path) != 0) &&
	    kit_read_config(k, path, &config, &e) != AB_OK)
		v = finding_fail(f, "a config.example.json that the spec takes", "%s", e.text);
	json_decref(config);
	free(path);
	return v;
}

static void
take_config(struct kit *k)
{
	struct error *e = &k->config_error;

	if (k->config_path != NULL) {
		kit_read_config(k, k->config_path, &k->config, e);
	} else {
		k->config = json_object();
		if (k->spec != NULL &&
		    config_check_by(k->spec, "the connector's spec", k->config, e) != AB_OK)
			error_wrap(e,
			    "there is no config.json, no config.example.json beside it, and no --config");
	}
	if (e->status == AB_OK && (k->config_text = jsontext_make(k->config, JSON_COMPACT)) == NULL)
		error_set(e, AB_ENOMEM, "no memory for the configuration");
}

static ab_status
find_config(struct kit *k, struct error *e)
{
	struct stat st;

	if (k->o->config != NULL) {
		if (strcmp(k->o->config, "-") != 0 && stat(k->o->config, &st) != 0)
			return error_set(
			    e, AB_ECONFIG, "cannot read %s: %s", k->o->config, strerror(errno));
		k->config_path = strdup(k->o->config);
	} else if ((k->config_path = find_beside(k, "config.json")) == NULL) {
		k->config_path = find_beside(k, "config.example.json");
	}
	return AB_OK;
}

ab_status
kit_init(struct kit *k, const struct accept_options *o, struct error *e)
{
	struct error ignored = ERROR_INIT;

	memset(k, 0, sizeof(*k));
	k->o = o;
	k->file.fd = -1;
	if (nocore_set() != 0)
		return error_set(
		    e, AB_EUNSUPPORTED, "cannot keep this process out of core files: %m");
	loader_find(o->connector, &k->file, &k->file_error);
	if (k->file.path == NULL)
		return error_set(e, k->file_error.status, "%s", k->file_error.text);
	if (k->file.fd >= 0)
		(void)sofile_open(k->file.fd, &k->so, &ignored);
	k->told = json_array();
	if (k->file.spec != NULL)
		(void)config_parse(
		    k->file.spec, strlen(k->file.spec), "its spec", AB_EBUG, &k->spec, &ignored);
	if (find_fixtures(k, e) != AB_OK || find_config(k, e) != AB_OK)
		return e->status;
	if (k->told == NULL || k->fixtures == NULL)
		return error_set(e, AB_ENOMEM, "no memory");
	take_config(k);
	return AB_OK;
}

void
kit_fini(struct kit *k)
{
	reads_free(k);
	if (k->has_plan)
		plan_fini(&k->plan);
	if (k->has_catalog)
		catalog_fini(&k->catalog);
	spoil_free(k->spoil);
	sofile_close(k->so);
	json_decref(k->told);
	json_decref(k->spec);
	json_decref(k->config);
	if (k->config_text != NULL)
		explicit_bzero(k->config_text, strlen(k->config_text));
	free(k->config_text);
	free(k->config_path);
	free(k->fixtures);
	loader_file_fini(&k->file);
}
