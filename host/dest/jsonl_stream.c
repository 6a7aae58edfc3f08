/* jsonl_stream.c - see jsonl.h: one stream's lines.  A record's bytes are never printed again, only copied. */
#include <config.h> /* asprintf */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "dest/about.h"
#include "dest/jsonl.h"

#define PREFIX_MAX    (1u << 20)
#define CONSTANTS_MAX (16u << 20)

/* An overwrite is written to one of two files beside the old one; the state says to which.  Beginning afresh takes the
 * other, so that the first stays whole until the change is committed. */
static const char *const suffixes[] = {"", ".new", ".new2"};

struct jsonl_stream {
	struct jsonl_stream *next;
	struct jsonl *d;
	char *stream, *namespace_, *prefix, *where;
	char *name;	/* of its file in the folder */
	int beside;	/* index of suffixes: where rows go */
	int finished;	/* the file beside takes the name with the next commit */
	int has_litter; /* a file beside may be left that the state no longer names */
	struct jsonl_file file;
	struct dest_stats stats;
	struct jsonl_rules rules;
	struct jsonl_verify verify;
};

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory for a stream of the destination");
}

/* The name of a stream's file: what a path or a shell would misread is replaced. */
static char *
file_name(const struct dest_stream_spec *spec)
{
	const char *ns = spec->namespace_ == NULL ? "" : spec->namespace_;
	char *name;

	if (asprintf(&name, "%s%s%s.jsonl", ns, *ns == '\0' ? "" : "_", spec->name) < 0)
		return NULL;
	for (char *p = name; *p != '\0'; p++)
		if (*p == '/' || (unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '_';
	if (name[0] == '.' || strncmp(name, "_abhost_", 8) == 0)
		name[0] = '-';
	return name;
}

/* {"stream":"users","data": - what stands in front of a record in a log. */
static char *
make_prefix(const struct dest_stream_spec *spec)
{
	struct buf b;
	char *text;

	buf_init(&b, PREFIX_MAX);
	buf_adds(&b, "{\"stream\":");
	buf_add_json_string(&b, spec->name, strlen(spec->name));
	if (spec->namespace_ != NULL && *spec->namespace_ != '\0') {
		buf_adds(&b, ",\"namespace\":");
		buf_add_json_string(&b, spec->namespace_, strlen(spec->namespace_));
	}
	buf_adds(&b, ",\"data\":");
	text = b.failed ? NULL : buf_steal(&b);
	buf_fini(&b);
	return text;
}

static void
stream_free(struct jsonl_stream *s)
{
	jsonl_file_close(&s->file);
	jsonl_rules_fini(&s->rules);
	jsonl_verify_fini(&s->verify);
	free(s->stream);
	free(s->namespace_);
	free(s->prefix);
	free(s->where);
	free(s->name);
	free(s);
}

void
jsonl_streams_free(struct jsonl *d)
{
	struct jsonl_stream *s;

	while ((s = d->streams) != NULL) {
		d->streams = s->next;
		stream_free(s);
	}
}

static struct jsonl_stream *
stream_new(struct jsonl *d, const struct dest_stream_spec *spec)
{
	struct jsonl_stream *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->d = d;
	s->file.fd = -1;
	jsonl_rules_init(&s->rules);
	jsonl_verify_init(&s->verify);
	s->stream = strdup(spec->name);
	s->namespace_ = strdup(spec->namespace_ == NULL ? "" : spec->namespace_);
	s->prefix = d->form == JSONL_FOLDER ? strdup("") : make_prefix(spec);
	s->name = file_name(spec);
	if (s->name != NULL && d->form == JSONL_FOLDER &&
	    asprintf(&s->where, "%s/%s", d->path, s->name) < 0)
		s->where = NULL;
	if (d->form != JSONL_FOLDER)
		s->where = strdup(strcmp(d->path, "-") == 0 ? "standard output" : d->path);
	if (s->stream == NULL || s->namespace_ == NULL || s->prefix == NULL || s->name == NULL ||
	    s->where == NULL) {
		stream_free(s);
		return NULL;
	}
	s->next = d->streams;
	d->streams = s;
	return s;
}

static struct jsonl_stream *
stream_find(struct jsonl *d, const struct dest_stream_spec *spec, struct error *e)
{
	const char *ns = spec->namespace_ == NULL ? "" : spec->namespace_;
	char *name = file_name(spec);
	struct jsonl_stream *s;

	for (s = d->streams; s != NULL && name != NULL; s = s->next) {
		if (strcmp(s->stream, spec->name) == 0 && strcmp(s->namespace_, ns) == 0)
			break;
		if (d->form == JSONL_FOLDER && strcmp(s->name, name) == 0) {
			error_set(e, AB_ECONFIG,
			    "streams \"%s\" and \"%s\" would share the file %s: select one of them",
			    s->stream, spec->name, name);
			break;
		}
	}
	if (name == NULL || (s == NULL && (s = stream_new(d, spec)) == NULL))
		no_memory(e);
	free(name);
	return e->status == AB_OK ? s : NULL;
}

static ab_status
length_name(const struct jsonl_stream *s, int beside, char out[JSONL_MAX_PATH], struct error *e)
{
	return snprintf(out, JSONL_MAX_PATH, "%s%s", s->name, suffixes[beside]) < JSONL_MAX_PATH
	    ? AB_OK
	    : error_set(e, AB_EUNSUPPORTED,
		  "the name of stream \"%.100s...\" is too long for a file", s->stream);
}

static int64_t
length_of(const struct jsonl_stream *s, int beside)
{
	struct error ignored = ERROR_INIT;
	char name[JSONL_MAX_PATH];

	return length_name(s, beside, name, &ignored) == AB_OK
	    ? jsonl_state_length(&s->d->state, name)
	    : JSONL_FOREIGN;
}

static ab_status
set_length(struct jsonl_stream *s, int beside, int64_t length, struct error *e)
{
	char name[JSONL_MAX_PATH];

	if (length_name(s, beside, name, e) != AB_OK)
		return e->status;
	return jsonl_state_set_length(&s->d->state, name, length, e);
}

/* An overwrite must not replace what somebody else has put there. */
static ab_status
check_target(const struct jsonl_stream *s, struct error *e)
{
	struct stat st;

	if (length_of(s, 0) >= 0 || stat(s->where, &st) != 0 || st.st_size == 0)
		return AB_OK;
	return error_set(e, AB_ECONFIG,
	    "%s holds data that abhost has not written: remove it, or name another place%s",
	    s->where, dest_elsewhere());
}

/* What lies beside and is not this read's is litter.  Only a stream that does begin may say so: of one that is refused the
 * state still speaks of that file. */
static ab_status
drop_others(struct jsonl_stream *s, struct error *e)
{
	for (int i = 1; i <= 2; i++) {
		if (i == s->beside || length_of(s, i) < 0)
			continue;
		s->has_litter = 1;
		if (set_length(s, i, -1, e) != AB_OK)
			return e->status;
	}
	return AB_OK;
}

/* Decides which file the rows go to, and opens it at its committed end. */
static ab_status
open_file(struct jsonl_stream *s, const struct dest_stream_spec *spec, struct error *e)
{
	int current = length_of(s, 1) >= 0 ? 1 : length_of(s, 2) >= 0 ? 2 : 0;
	char path[JSONL_MAX_PATH];
	int64_t length;

	jsonl_file_close(&s->file);
	s->beside = 0;
	/* older generations can only go with their file */
	if (spec->is_refresh && (spec->mode == DEST_OVERWRITE || spec->minimum_generation_id > 0))
		s->beside = current != 0 && !spec->fresh ? current : current == 1 ? 2 : 1;
	length = length_of(s, s->beside);
	if (s->beside != 0 && length < 0)
		length = 0;
	if (s->beside != 0 && check_target(s, e) != AB_OK)
		return e->status;
	if (jsonl_path(s->d, s->name, suffixes[s->beside], path, e) != AB_OK)
		return e->status;
	if (jsonl_file_open(&s->file, path, -1, length, dest_elsewhere(), e) != AB_OK ||
	    drop_others(s, e) != AB_OK) {
		/* what is open is committed with the others */
		jsonl_file_close(&s->file);
		return e->status;
	}
	if (length >= 0)
		return AB_OK;
	return jsonl_state_adopt(&s->d->state, s->name, e);
}

/* Says once what lines cannot do. */
static void
say_append(struct jsonl *d, const struct dest_stream_spec *spec)
{
	int only_adds = spec->mode == DEST_APPEND_DEDUP ||
	    (spec->mode == DEST_OVERWRITE && d->form != JSONL_FOLDER);

	if (!only_adds || d->said_append)
		return;
	d->said_append = 1;
	log_line(AB_INFO, "%s: lines are only added; %s",
	    d->form == JSONL_FOLDER ? d->path : d->log.path,
	    spec->mode == DEST_APPEND_DEDUP ? "a changed record is a new line, the last one counts"
					    : "each full refresh follows the one before");
}

ab_status
jsonl_stream_begin(struct dest *base, const struct dest_stream_spec *spec, struct dest_stream **out,
    struct error *e)
{
	struct jsonl *d = (struct jsonl *)base;
	struct jsonl_stream *s = stream_find(d, spec, e);

	*out = NULL;
	if (s == NULL)
		return e->status;
	say_append(d, spec);
	s->finished = 0;
	if (jsonl_rules_begin(&s->rules, spec, e) != AB_OK)
		return e->status;
	if (d->form == JSONL_FOLDER && open_file(s, spec, e) != AB_OK)
		return e->status;
	jsonl_verify_begin(
	    &s->verify, spec, d->form == JSONL_FOLDER ? s->file.written : d->log_base);
	*out = (struct dest_stream *)s;
	return AB_OK;
}

/* What stands around each record of a page. */
struct frame {
	struct buf constants; /* members, each with its comma */
	struct buf head;      /* the stream's prefix; where there are constants, "{" and them */
	struct ab_str tail;
};

static ab_status
frame_init(struct frame *fr, const char *prefix, const char *about, struct error *e)
{
	buf_init(&fr->constants, CONSTANTS_MAX);
	buf_init(&fr->head, PREFIX_MAX + CONSTANTS_MAX);
	fr->tail = prefix[0] == '\0' ? (struct ab_str){"\n", 1} : (struct ab_str){"}\n", 2};
	if (about_read(about, &fr->constants, NULL, e) != AB_OK)
		return e->status;
	buf_adds(&fr->head, prefix);
	if (fr->constants.len > 0) {
		buf_addc(&fr->head, '{');
		buf_add(&fr->head, fr->constants.ptr, fr->constants.len);
	}
	return fr->head.failed ? no_memory(e) : AB_OK;
}

static void
frame_fini(struct frame *fr)
{
	buf_fini(&fr->constants);
	buf_fini(&fr->head);
}

static ab_status
write_record(struct jsonl_stream *s, struct jsonl_file *f, const struct dest_page *page,
    const struct scan_record *r, const struct frame *fr, struct error *e)
{
	/* its own "{" stands in the head; before "}" there is no member to part from */
	const size_t skip = fr->constants.len > 0, drop = skip != 0 && r->count == 0;
	const struct ab_str part[3] = {{fr->head.ptr, fr->head.len - drop},
	    {page->bytes + r->off + skip, r->len - skip}, fr->tail};
	struct buf first = fr->constants;

	first.len -= drop;
	if (jsonl_verify_line(&s->verify, &first, part[1].ptr, part[1].len, e) != AB_OK)
		return e->status;
	if (!page->scan->has_newline)
		return jsonl_file_add_parts(f, part, e);
	if (jsonl_file_add(f, part[0].ptr, part[0].len, e) != AB_OK ||
	    jsonl_file_add_line(f, part[1].ptr, part[1].len, e) != AB_OK)
		return e->status;
	return jsonl_file_add(f, part[2].ptr, part[2].len, e);
}

ab_status
jsonl_stream_write(struct dest_stream *stream, const struct dest_page *page, struct error *e)
{
	struct jsonl_stream *s = (struct jsonl_stream *)stream;
	struct jsonl_file *f = s->d->form == JSONL_FOLDER ? &s->file : &s->d->log;
	struct frame fr;
	ab_status status;

	if (s->rules.are_there) {
		if (jsonl_rules_write(&s->rules, f, s->prefix, page, &s->stats, &s->verify, e) ==
		    AB_OK)
			return AB_OK;
		return error_wrap(e, "stream %s, page %lld", s->stream, (long long)page->number);
	}
	status = frame_init(&fr, s->prefix, page->about, e);
	for (size_t i = page->first; i < page->scan->nrecords && status == AB_OK; i++)
		status = write_record(s, f, page, &page->scan->records[i], &fr, e);
	if (status == AB_OK && page->first < page->scan->nrecords)
		s->stats.rows += (int64_t)(page->scan->nrecords - page->first);
	frame_fini(&fr);
	return status;
}

ab_status
jsonl_stream_discard(struct dest_stream *stream, int64_t since_us, int lane, struct error *e)
{
	const struct jsonl_stream *s = (const struct jsonl_stream *)stream;

	(void)since_us;
	(void)lane;
	return error_set(e, AB_EUNSUPPORTED,
	    "stream \"%s\": lines of an interrupted read cannot be taken back out of %s: remove its file and state and run with "
	    "--full-refresh, or use sqlite",
	    s->stream, s->where);
}

ab_status
jsonl_stream_finish(struct dest_stream *stream, struct error *e)
{
	struct jsonl_stream *s = (struct jsonl_stream *)stream;

	(void)e;
	s->finished = s->beside != 0;
	return AB_OK;
}

static ab_status
note_rename(struct jsonl_stream *s, struct error *e)
{
	char from[JSONL_MAX_PATH];

	if (length_name(s, s->beside, from, e) != AB_OK ||
	    set_length(s, s->beside, JSONL_FOREIGN, e) != AB_OK ||
	    set_length(s, 0, s->file.written, e) != AB_OK)
		return e->status;
	return json_object_set_new(s->d->state.now.renames, s->name, json_string(from)) == 0
	    ? AB_OK
	    : no_memory(e);
}

ab_status
jsonl_streams_flush(struct jsonl *d, struct error *e)
{
	for (struct jsonl_stream *s = d->streams; s != NULL; s = s->next) {
		int is_dirty = s->file.used > 0 || s->file.written != length_of(s, s->beside);

		if (s->file.fd < 0 || (!is_dirty && !s->finished))
			continue;
		if (jsonl_file_flush(&s->file, 1, e) != AB_OK)
			return e->status;
		if ((s->finished ? note_rename(s, e)
				 : set_length(s, s->beside, s->file.written, e)) != AB_OK)
			return e->status;
	}
	return AB_OK;
}

void
jsonl_streams_committed(struct jsonl *d)
{
	struct error ignored = ERROR_INIT;
	char path[JSONL_MAX_PATH];

	for (struct jsonl_stream *s = d->streams; s != NULL; s = s->next) {
		for (int i = 1; i <= 2 && s->has_litter; i++)
			if (i != s->beside && length_of(s, i) < 0 &&
			    jsonl_path(d, s->name, suffixes[i], path, &ignored) == AB_OK)
				unlink(path);
		s->has_litter = 0;
		if (s->finished)
			s->beside = s->finished = 0;
	}
}

ab_status
jsonl_streams_cut(struct jsonl *d, struct error *e)
{
	for (struct jsonl_stream *s = d->streams; s != NULL; s = s->next) {
		int64_t length = length_of(s, s->beside);

		s->finished = 0;
		if (s->file.fd >= 0 &&
		    jsonl_file_cut(&s->file, length < 0 ? 0 : length, e) != AB_OK)
			return e->status;
	}
	return AB_OK;
}

void
jsonl_streams_settle(struct jsonl *d, int is_committed)
{
	for (struct jsonl_stream *s = d->streams; s != NULL; s = s->next)
		jsonl_verify_end(&s->verify, is_committed);
}

ab_status
jsonl_stream_verify(struct dest_stream *stream, int64_t *rows, struct error *e)
{
	const struct jsonl_stream *s = (const struct jsonl_stream *)stream;

	return jsonl_verify_file(&s->verify, s->stream,
	    s->d->form == JSONL_FOLDER ? s->where : s->d->path, s->prefix, rows, e);
}

void
jsonl_stream_stats(const struct dest_stream *stream, struct dest_stats *out)
{
	*out = ((const struct jsonl_stream *)stream)->stats;
}

const char *
jsonl_stream_where(const struct dest_stream *stream)
{
	return ((const struct jsonl_stream *)stream)->where;
}

void
jsonl_streams_sum(const struct jsonl *d, struct dest_stats *out)
{
	*out = (struct dest_stats){0};
	for (const struct jsonl_stream *s = d->streams; s != NULL; s = s->next)
		dest_stats_sum(out, &s->stats);
}
