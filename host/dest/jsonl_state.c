/* jsonl_state.c - see jsonl.h: the state file.  It is replaced as a whole, after the data it speaks of is durable. */
#include <config.h> /* asprintf */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "data/jsonread.h"
#include "data/jsontext.h"
#include "dest/jsonl.h"

#define STATE_MAX_BYTES (256u << 20)

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory for the state");
}

static void
doc_fini(struct jsonl_doc *d)
{
	json_decref(d->rows);
	json_decref(d->files);
	json_decref(d->runs);
	json_decref(d->renames);
	*d = (struct jsonl_doc){NULL, NULL, NULL, NULL};
}

/* Members are never changed in place, so a shallow copy keeps them.  jansson's copies leave out what they find no memory
 * for; what is not whole is no copy, and *to stays as it was. */
static int
doc_copy(struct jsonl_doc *to, const struct jsonl_doc *from)
{
	struct jsonl_doc made = {json_copy(from->rows), json_copy(from->files),
	    json_copy(from->runs), json_copy(from->renames)};

	if (json_object_size(made.rows) != json_object_size(from->rows) ||
	    json_object_size(made.files) != json_object_size(from->files) ||
	    json_array_size(made.runs) != json_array_size(from->runs) ||
	    json_object_size(made.renames) != json_object_size(from->renames) ||
	    made.rows == NULL || made.files == NULL || made.runs == NULL || made.renames == NULL) {
		doc_fini(&made);
		return -1;
	}
	doc_fini(to);
	*to = made;
	return 0;
}

/* The lengths in front keep ("a", "bc") and ("ab", "c") apart. */
static char *
row_key(const char *stream, const char *namespace_, const char *partition)
{
	struct buf key;
	char *text;

	buf_init(&key, STATE_MAX_BYTES);
	buf_addf(&key, "%zu.%zu.%s%s", strlen(namespace_), strlen(stream), namespace_, stream);
	buf_adds(&key, partition);
	text = key.failed ? NULL : buf_steal(&key);
	buf_fini(&key);
	return text;
}

static const char *
text_of(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

static int
load_rows(struct jsonl_state *s, const json_t *rows)
{
	size_t i;
	json_t *row;

	json_array_foreach (rows, i, row) {
		const char *stream = text_of(row, "stream"), *ns = text_of(row, "namespace");
		const char *partition = text_of(row, "partition");
		char *key;
		int rc;

		if (stream == NULL || ns == NULL || partition == NULL)
			return -1;
		key = row_key(stream, ns, partition);
		rc = key == NULL ? -1 : json_object_set(s->now.rows, key, row);
		free(key);
		if (rc != 0)
			return -1;
	}
	return 0;
}

static ab_status
refuse(const struct jsonl_state *s, const char *why, struct error *e)
{
	return error_set(e, AB_ECONFIG,
	    "%s is not a state file that this abhost can use: %s; put back the one that was written, or remove it and the data "
	    "to begin again",
	    s->path, why);
}

static ab_status
load(struct jsonl_state *s, const json_t *root, struct error *e)
{
	const char *connector = text_of(root, "connector");
	json_int_t format = json_integer_value(json_object_get(root, "format"));
	struct jsonl_doc *d = &s->now;

	if (json_is_array(root)) /* Airbyte's form; [] is no state */
		return json_array_size(root) == 0
		    ? AB_OK
		    : error_set(e, AB_ECONFIG,
			  "%s holds Airbyte's state messages: `abhost state import DEST FILE` takes them over; here "
			  "stands what abhost keeps itself",
			  s->path);
	if (format > JSONL_FORMAT)
		return refuse(s, "a newer abhost wrote it", e);
	if (format < 1 || connector == NULL || !json_is_array(json_object_get(root, "state")) ||
	    !json_is_object(json_object_get(root, "files")) ||
	    !json_is_array(json_object_get(root, "runs")) ||
	    !json_is_object(json_object_get(root, "renames")))
		return refuse(s, "something in it is missing", e);
	if (s->connector != NULL && strcmp(s->connector, connector) != 0)
		return error_set(e, AB_ECONFIG,
		    "%s belongs to connector %s, not %s: name another place%s", s->path, connector,
		    s->connector, s->elsewhere);
	if (json_object_update(d->files, json_object_get(root, "files")) != 0 ||
	    json_array_extend(d->runs, json_object_get(root, "runs")) != 0 ||
	    json_object_update(d->renames, json_object_get(root, "renames")) != 0)
		return no_memory(e);
	if (load_rows(s, json_object_get(root, "state")) != 0)
		return refuse(s, "one of its state rows is broken", e);
	if (s->connector == NULL && (s->connector = strdup(connector)) == NULL)
		return no_memory(e);
	return AB_OK;
}

ab_status
jsonl_state_open(struct jsonl_state *s, const char *path, const char *elsewhere,
    const char *connector, struct error *e)
{
	ab_status status = AB_OK;
	json_error_t where;
	struct stat st = {0};
	json_t *root;

	*s = (struct jsonl_state){.path = path == NULL ? NULL : strdup(path),
	    .elsewhere = elsewhere,
	    .connector = connector == NULL ? NULL : strdup(connector),
	    .now = {json_object(), json_object(), json_array(), json_object()}};
	if ((path != NULL && s->path == NULL) || (connector != NULL && s->connector == NULL) ||
	    doc_copy(&s->committed, &s->now) != 0)
		return no_memory(e);
	if (path == NULL || access(path, F_OK) != 0)
		return AB_OK;
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0)
		return AB_OK;
	if (S_ISDIR(st.st_mode))
		return error_set(e, AB_ECONFIG, "%s is a folder, not a state file", path);
	root = jsonread_file(path, JSON_REJECT_DUPLICATES, &where);
	if (root == NULL)
		return jsonread_lacked(&where) ? no_memory(e) : refuse(s, where.text, e);
	status = load(s, root, e);
	json_decref(root);
	if (status == AB_OK && doc_copy(&s->committed, &s->now) != 0)
		status = no_memory(e);
	return status;
}

void
jsonl_state_close(struct jsonl_state *s)
{
	doc_fini(&s->now);
	doc_fini(&s->committed);
	free(s->path);
	free(s->connector);
	*s = (struct jsonl_state){.path = NULL};
}

static json_t *
whole(const struct jsonl_state *s, const struct jsonl_doc *d)
{
	json_t *rows = json_array(), *row;
	const char *key;

	json_object_foreach (d->rows, key, row) {
		if (json_array_append(rows, row) != 0) {
			json_decref(rows);
			return NULL;
		}
	}
	return json_pack("{s:i, s:s, s:O, s:o, s:O, s:O}", "format", JSONL_FORMAT, "connector",
	    s->connector, "files", d->files, "state", rows, "renames", d->renames, "runs", d->runs);
}

/* The document into a file, durable; in one piece, for jansson's own writer makes a call of each token. */
static ab_status
write_file(const char *path, const char *elsewhere, const json_t *root, struct error *e)
{
	char *text = jsontext_make(root, JSON_INDENT(1));
	struct jsonl_file f = {.fd = -1};

	if (text == NULL)
		return no_memory(e);
	if (jsonl_file_open(&f, path, -1, 0, elsewhere, e) == AB_OK &&
	    jsonl_file_add(&f, text, strlen(text), e) == AB_OK)
		jsonl_file_flush(&f, 1, e);
	jsonl_file_close(&f);
	free(text);
	return e->status;
}

/* The new state has its name, but nobody knows whether it keeps it: a machine that now goes down may come back with the
 * old one.  So whatever either of them speaks of has to stay. */
static ab_status
be_unsure(struct jsonl_state *s, struct error *e)
{
	s->is_unsure = 1;
	return error_set(e, AB_ETRANSIENT,
	    "%s is written, but its folder cannot be brought to the disk (%m): it is not known whether the last checkpoint "
	    "lasts, so nothing more is written; look at the disk and run the same command again, it goes on from what stands",
	    s->path);
}

static ab_status
replace(struct jsonl_state *s, const json_t *root, struct error *e)
{
	const char *path = s->path;
	char *beside;

	if (asprintf(&beside, "%s.tmp", path) < 0)
		return no_memory(e);
	if (write_file(beside, s->elsewhere, root, e) == AB_OK && rename(beside, path) != 0)
		jsonl_fail("write", beside, s->elsewhere, e);
	if (e->status != AB_OK)
		unlink(beside);
	free(beside);
	if (e->status == AB_OK && file_sync_folder(path) != 0)
		be_unsure(s, e);
	return e->status;
}

/* Writes one of the two documents. */
static ab_status
save(struct jsonl_state *s, const struct jsonl_doc *d, struct error *e)
{
	json_t *root;

	if (s->must_undo)
		return no_memory(e);
	if (s->path == NULL)
		return AB_OK;
	root = whole(s, d);
	if (root == NULL)
		return no_memory(e);
	replace(s, root, e);
	json_decref(root);
	return e->status;
}

ab_status
jsonl_state_save(struct jsonl_state *s, struct error *e)
{
	struct jsonl_doc next = {NULL, NULL, NULL, NULL};

	if (doc_copy(&next, &s->now) != 0)
		return no_memory(e);
	save(s, &s->now, e);
	if (e->status != AB_OK && !s->is_unsure) {
		doc_fini(&next);
		return e->status;
	}
	doc_fini(&s->committed);
	s->committed = next;
	return e->status;
}

ab_status
jsonl_state_adopt(struct jsonl_state *s, const char *name, struct error *e)
{
	if (json_object_set_new(s->now.files, name, json_integer(0)) != 0 ||
	    json_object_set_new(s->committed.files, name, json_integer(0)) != 0)
		return no_memory(e);
	return save(s, &s->committed, e);
}

ab_status
jsonl_state_rollback(struct jsonl_state *s, struct error *e)
{
	s->must_undo = doc_copy(&s->now, &s->committed) != 0;
	return s->must_undo ? no_memory(e) : AB_OK;
}

ab_status
jsonl_state_put(struct jsonl_state *s, const struct dest_state *row, struct error *e)
{
	char *key = row_key(row->stream, row->namespace_, row->partition);
	json_t *value =
	    json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:I, s:I, s:I, s:b, s:b, s:s?}", "stream",
		row->stream, "namespace", row->namespace_, "partition", row->partition, "state",
		row->state, "token", row->token, "pages", (json_int_t)row->pages, "generation_id",
		(json_int_t)row->generation_id, "started_us", (json_int_t)row->started_us,
		"is_refresh", row->is_refresh, "done", row->done, "notes", row->notes);
	int failed = key == NULL || value == NULL || json_object_set(s->now.rows, key, value) != 0;

	free(key);
	json_decref(value);
	return failed ? no_memory(e) : AB_OK;
}

void
jsonl_state_delete(struct jsonl_state *s, const char *stream, const char *namespace_)
{
	const char *key;
	json_t *row;
	void *next;

	json_object_foreach_safe (s->now.rows, next, key, row) {
		if (strcmp(text_of(row, "stream"), stream) == 0 &&
		    strcmp(text_of(row, "namespace"), namespace_) == 0)
			json_object_del(s->now.rows, key);
	}
}

static char *
copy_text(const json_t *row, const char *key, int *failed)
{
	const char *text = text_of(row, key);
	char *copy = text == NULL ? NULL : strdup(text);

	*failed |= text != NULL && copy == NULL;
	return copy;
}

static int64_t
number_of(const json_t *row, const char *key)
{
	return (int64_t)json_integer_value(json_object_get(row, key));
}

ab_status
jsonl_state_list(const struct jsonl_state *s, struct dest_state **out, size_t *n, struct error *e)
{
	size_t count = json_object_size(s->now.rows), i = 0;
	struct dest_state *rows = calloc(count + 1, sizeof(*rows));
	const char *key;
	json_t *row;
	int failed = 0;

	if (rows == NULL)
		return no_memory(e);
	json_object_foreach (s->now.rows, key, row) {
		rows[i++] = (struct dest_state){
		    .stream = copy_text(row, "stream", &failed),
		    .namespace_ = copy_text(row, "namespace", &failed),
		    .partition = copy_text(row, "partition", &failed),
		    .state = copy_text(row, "state", &failed),
		    .token = copy_text(row, "token", &failed),
		    .pages = number_of(row, "pages"),
		    .generation_id = number_of(row, "generation_id"),
		    .started_us = number_of(row, "started_us"),
		    .is_refresh = json_is_true(json_object_get(row, "is_refresh")),
		    .done = json_is_true(json_object_get(row, "done")),
		    .notes = copy_text(row, "notes", &failed),
		};
	}
	*out = rows;
	*n = i;
	if (!failed)
		return AB_OK;
	dest_states_free(rows, i);
	*out = NULL;
	*n = 0;
	return no_memory(e);
}

int64_t
jsonl_state_length(const struct jsonl_state *s, const char *name)
{
	const json_t *length = json_object_get(s->now.files, name);

	return json_is_integer(length) ? (int64_t)json_integer_value(length) : -1;
}

ab_status
jsonl_state_set_length(struct jsonl_state *s, const char *name, int64_t length, struct error *e)
{
	if (length < 0)
		json_object_del(s->now.files, name);
	else if (json_object_set_new(s->now.files, name, json_integer((json_int_t)length)) != 0)
		return no_memory(e);
	return AB_OK;
}
