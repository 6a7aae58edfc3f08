/* jsonl.c - JSON Lines: opens, commits, closes.  See jsonl.h for the three forms of place. */
#include <config.h> /* asprintf */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "dest/jsonl.h"

#define FOLDER_STATE "_abhost_state.json"
#define LOG_LENGTH   "log" /* the name of a log's length in the state file */

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory for the destination");
}

ab_status
jsonl_path(const struct jsonl *d, const char *name, const char *suffix, char out[JSONL_MAX_PATH],
    struct error *e)
{
	int n = snprintf(out, JSONL_MAX_PATH, "%s/%s%s", d->path, name, suffix);

	return n < JSONL_MAX_PATH
	    ? AB_OK
	    : error_set(e, AB_ECONFIG, "the path %.100s/%.100s... is too long", d->path, name);
}

static enum jsonl_form
form_of(const char *path)
{
	static const char *const suffixes[] = {".jsonl", ".ndjson"};
	size_t len = strlen(path), n;
	struct stat st;

	if (strcmp(path, "-") == 0)
		return JSONL_PIPE;
	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? JSONL_FOLDER
		    : S_ISREG(st.st_mode)  ? JSONL_LOG
					   : JSONL_PIPE;
	for (size_t i = 0; i < 2; i++) {
		n = strlen(suffixes[i]);
		if (len > n && strcmp(path + len - n, suffixes[i]) == 0)
			return JSONL_LOG;
	}
	return JSONL_FOLDER;
}

/* Where state is kept: malloc'ed, or NULL with an error set. */
static char *
state_path(const struct jsonl *d, const char *chosen, struct error *e)
{
	char *path = NULL;

	if (chosen != NULL)
		path = strdup(chosen);
	else if (asprintf(&path, "%s%s", d->path,
		     d->form == JSONL_FOLDER ? "/" FOLDER_STATE : ".state.json") < 0)
		path = NULL;
	if (path == NULL)
		no_memory(e);
	return path;
}

/* A state that lies elsewhere must not outlive the folder that it speaks of. */
static ab_status
make_folder(const struct jsonl *d, struct error *e)
{
	size_t len = strlen(d->path);
	char *name;

	if (mkdir(d->path, 0777) != 0)
		return errno == EEXIST ? AB_OK : jsonl_fail("create", d->path, dest_elsewhere(), e);
	while (len > 1 && d->path[len - 1] == '/')
		len--;
	if ((name = strndup(d->path, len)) == NULL)
		return no_memory(e);
	jsonl_sync_folder(name, dest_elsewhere(), e);
	free(name);
	return e->status;
}

/* flock on the folder or the log itself, held until close. */
static ab_status
take_lock(struct jsonl *d, const char *state, struct dest_held *held, struct error *e)
{
	if (d->form == JSONL_FOLDER && make_folder(d, e) != AB_OK)
		return e->status;
	d->lock_fd = d->form == JSONL_FOLDER ? open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
					     : open(d->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (d->lock_fd < 0)
		return jsonl_fail("open", d->path, dest_elsewhere(), e);
	if (flock(d->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return AB_OK;
	if (errno != EWOULDBLOCK)
		return error_set(e, AB_ETRANSIENT, "cannot lock %s: %s", d->path, strerror(errno));
	held->is_held = 1;
	jsonl_run_who(state, held->who, sizeof(held->who));
	return error_set(e, AB_ETRANSIENT, "%s is in use by another run", d->path);
}

/* Files whose overwrite is committed take their names; once more after a run that died in between. */
static ab_status
finish_renames(struct jsonl *d, struct error *e)
{
	char from[JSONL_MAX_PATH], to[JSONL_MAX_PATH];
	const char *name;
	json_t *value;

	if (json_object_size(d->state.now.renames) == 0)
		return AB_OK;
	json_object_foreach (d->state.now.renames, name, value) {
		if (jsonl_path(d, name, "", to, e) != AB_OK ||
		    jsonl_path(d, json_string_value(value), "", from, e) != AB_OK)
			return e->status;
		if (rename(from, to) != 0 && errno != ENOENT)
			return jsonl_fail("replace", to, dest_elsewhere(), e);
	}
	/* before the state forgets them, wherever it is */
	if (jsonl_path(d, "", "", to, e) != AB_OK ||
	    jsonl_sync_folder(to, dest_elsewhere(), e) != AB_OK)
		return e->status;
	json_object_clear(d->state.now.renames);
	return jsonl_state_save(&d->state, e);
}

static ab_status
open_for_writing(struct jsonl *d, struct error *e)
{
	int is_stdout = strcmp(d->path, "-") == 0;
	int64_t length;

	if (d->form == JSONL_FOLDER) {
		/* what was read may have a name that is not on the disk yet, if the run before said that it was unsure */
		if (json_object_size(d->state.now.renames) > 0 &&
		    jsonl_sync_folder(d->state.path, d->state.elsewhere, e) != AB_OK)
			return e->status;
		return finish_renames(d, e);
	}
	length = d->form == JSONL_LOG ? jsonl_state_length(&d->state, LOG_LENGTH) : JSONL_UNCUT;
	if (jsonl_file_open(&d->log, is_stdout ? "standard output" : d->path,
		is_stdout ? STDOUT_FILENO : -1, length, dest_elsewhere(), e) != AB_OK)
		return e->status;
	d->log_base = d->log.written;
	return length == JSONL_FOREIGN ? jsonl_state_adopt(&d->state, LOG_LENGTH, e) : AB_OK;
}

static ab_status
open_places(struct jsonl *d, const struct dest_target *t, struct error *e)
{
	char *path = NULL;
	struct dest_held ignored;
	ab_status status = AB_OK;

	d->is_apart = t->state_file != NULL;
	if ((d->form != JSONL_PIPE || t->state_file != NULL) &&
	    (path = state_path(d, t->state_file, e)) == NULL)
		return e->status;
	if (t->read_only && (path == NULL || access(path, F_OK) != 0))
		status = error_set(e, AB_ECONFIG, "no sync has kept state for %s%s%s", d->path,
		    path == NULL ? "" : ": there is no ", path == NULL ? "" : path);
	else if (!t->read_only && d->form != JSONL_PIPE)
		status = take_lock(d, path, t->held != NULL ? t->held : &ignored, e);
	if (status == AB_OK)
		status = jsonl_state_open(&d->state, path,
		    t->state_file != NULL ? " with --state" : dest_elsewhere(), t->connector, e);
	if (status == AB_OK && !t->read_only)
		status = open_for_writing(d, e);
	free(path);
	return status;
}

/* What a pipe cannot do, before it is filled. */
static void
say_pipe(const struct jsonl *d)
{
	if (d->state.path == NULL)
		log_line(AB_INFO,
		    "%s keeps no state: every run reads everything; --state FILE keeps it (at least once)",
		    d->log.path);
	else
		log_line(AB_INFO,
		    "%s takes nothing back: after a run that failed, records may come twice (at least once)",
		    d->log.path);
}

static void
jsonl_close(struct dest *base)
{
	struct jsonl *d = (struct jsonl *)base;
	struct error ignored = ERROR_INIT;

	if (d->is_open)
		jsonl_rollback(base, &ignored);
	jsonl_streams_free(d);
	jsonl_file_close(&d->log);
	jsonl_state_close(&d->state);
	if (d->lock_fd >= 0)
		close(d->lock_fd);
	free(d->path);
	free(d);
}

static ab_status
jsonl_open(const struct dest_target *t, struct dest **out, struct error *e)
{
	struct jsonl *d = calloc(1, sizeof(*d));

	*out = NULL;
	if (d == NULL)
		return no_memory(e);
	*d = (struct jsonl){.base = {.ops = &dest_jsonl}, .lock_fd = -1, .log = {.fd = -1}};
	d->path = strdup(t->path);
	if (d->path == NULL)
		no_memory(e);
	else
		d->form = form_of(d->path);
	if (e->status != AB_OK || open_places(d, t, e) != AB_OK) {
		jsonl_close(&d->base);
		return e->status;
	}
	d->is_open = !t->read_only;
	d->base.is_forgetful = d->state.path == NULL;
	if (d->is_open && d->form == JSONL_PIPE)
		say_pipe(d);
	*out = &d->base;
	return AB_OK;
}

static ab_status
jsonl_states(struct dest *base, struct dest_state **out, size_t *n, struct error *e)
{
	return jsonl_state_list(&((struct jsonl *)base)->state, out, n, e);
}

static ab_status
jsonl_begin_run(struct dest *base, struct dest_run *run, struct error *e)
{
	struct jsonl *d = (struct jsonl *)base;

	if (jsonl_run_begin(&d->state, run, e) != AB_OK)
		return e->status;
	return jsonl_state_save(&d->state, e);
}

static ab_status
jsonl_runs(struct dest *base, struct dest_past **out, size_t *n, struct error *e)
{
	return jsonl_run_list(&((struct jsonl *)base)->state, out, n, e);
}

/* A state that is kept elsewhere must not speak of files whose names are not on the disk. */
static ab_status
sync_names(const struct jsonl *d, struct error *e)
{
	char name[JSONL_MAX_PATH];

	if (!d->is_apart || d->form == JSONL_PIPE)
		return AB_OK;
	if (d->form == JSONL_LOG)
		return jsonl_sync_folder(d->path, dest_elsewhere(), e);
	return jsonl_path(d, "", "", name, e) == AB_OK
	    ? jsonl_sync_folder(name, dest_elsewhere(), e)
	    : e->status;
}

/* A log's or pipe's bytes reach the disk or the reader, and their number the state. */
static ab_status
flush_log(struct jsonl *d, struct error *e)
{
	if (jsonl_file_flush(&d->log, 1, e) != AB_OK || d->form == JSONL_PIPE)
		return e->status;
	return jsonl_state_set_length(&d->state, LOG_LENGTH, d->log.written, e);
}

/* What holds of whichever document stands. */
static ab_status
commit_unsure(struct jsonl *d, size_t n, const struct dest_run *run, struct error *e)
{
	struct dest_stats sum;

	jsonl_streams_sum(d, &sum);
	if (n > 0 || run == NULL)
		return error_set(e, AB_ETRANSIENT,
		    "it is not known what of %s lasts, so nothing more is written to it", d->path);
	if (jsonl_run_update(&d->state, run, &sum, e) != AB_OK)
		return e->status;
	return jsonl_state_save(&d->state, e);
}

/* Data first, then the document that counts it, then the names. */
static ab_status
jsonl_commit(struct dest *base, const struct dest_state *const *rows, size_t n,
    const struct dest_run *run, struct error *e)
{
	struct jsonl *d = (struct jsonl *)base;
	struct dest_stats sum;

	if (d->state.is_unsure)
		return commit_unsure(d, n, run, e);
	jsonl_streams_sum(d, &sum);
	if ((d->form == JSONL_FOLDER ? jsonl_streams_flush(d, e) : flush_log(d, e)) != AB_OK)
		return e->status;
	for (size_t i = 0; i < n; i++)
		if (jsonl_state_put(&d->state, rows[i], e) != AB_OK)
			return e->status;
	if (run != NULL && jsonl_run_update(&d->state, run, &sum, e) != AB_OK)
		return e->status;
	if (sync_names(d, e) != AB_OK || jsonl_state_save(&d->state, e) != AB_OK)
		return e->status;
	jsonl_streams_settle(d, 1);
	if (d->form != JSONL_FOLDER)
		return AB_OK;
	jsonl_streams_committed(d);
	return finish_renames(d, e);
}

ab_status
jsonl_rollback(struct dest *base, struct error *e)
{
	struct jsonl *d = (struct jsonl *)base;
	int64_t length;

	jsonl_streams_settle(d, 0);
	if (jsonl_state_rollback(&d->state, e) != AB_OK || d->state.is_unsure)
		return e->status;
	if (d->form == JSONL_FOLDER)
		return jsonl_streams_cut(d, e);
	length = jsonl_state_length(&d->state, LOG_LENGTH);
	return jsonl_file_cut(&d->log, length < 0 ? 0 : length, e);
}

static void
roll_back(struct dest *base)
{
	struct error failed = ERROR_INIT;

	/* the next opening cuts again */
	if (jsonl_rollback(base, &failed) != AB_OK)
		log_line(AB_WARN, "%s", failed.text);
}

static ab_status
jsonl_forget(struct dest *base, const char *stream, const char *namespace_, struct error *e)
{
	(void)e;
	jsonl_state_delete(
	    &((struct jsonl *)base)->state, stream, namespace_ == NULL ? "" : namespace_);
	return AB_OK;
}

static int
can_read_back(const char *path)
{
	return form_of(path) != JSONL_PIPE;
}

static int
jsonl_is_durable(const struct dest *base)
{
	return ((const struct jsonl *)base)->form != JSONL_PIPE;
}

const struct dest_ops dest_jsonl = {
    .scheme = "jsonl",
    .open = jsonl_open,
    .close = jsonl_close,
    .states = jsonl_states,
    .run_begin = jsonl_begin_run,
    .runs = jsonl_runs,
    .begin = jsonl_stream_begin,
    .write = jsonl_stream_write,
    .discard = jsonl_stream_discard,
    .finish = jsonl_stream_finish,
    .commit = jsonl_commit,
    .rollback = roll_back,
    .state_delete = jsonl_forget,
    .verify = jsonl_stream_verify,
    .can_read_back = can_read_back,
    .stats = jsonl_stream_stats,
    .where = jsonl_stream_where,
    .is_durable = jsonl_is_durable,
};
