/* airbyte.c - see airbyte.h. */
#include "dest/airbyte.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/redact.h"
#include "dest/about.h"

#define PREFIX_MAX    (1u << 20)
#define CONSTANTS_MAX (16u << 20)

struct airbyte_stream {
	struct airbyte_stream *next;
	struct airbyte_dest *d;
	char *name, *namespace_;
	struct buf prefix;	 /* of a RECORD, up to its data */
	struct dest_state *rows; /* by partition */
	size_t n, cap;
	int is_dirty;	  /* its state is to be printed with this commit */
	int is_running;	  /* that was said */
	int64_t estimate; /* the last one told, or 0 */
	int64_t since;	  /* records since the last STATE */
	struct dest_stats stats;
};

struct airbyte_dest {
	struct dest base;
	struct airbyte_out *out;
	int (*state)(const struct dest_state *rows, size_t n, struct buf *to);
	struct airbyte_stream *streams;
};

static const struct dest_ops airbyte_ops;

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory for Airbyte's messages");
}

static int
copy_text(char **to, const char *text)
{
	*to = text == NULL ? NULL : strdup(text);
	return text != NULL && *to == NULL ? -1 : 0;
}

static int
copy_row(struct dest_state *to, const struct dest_state *from)
{
	*to = *from;
	return copy_text(&to->stream, from->stream) | copy_text(&to->namespace_, from->namespace_) |
	    copy_text(&to->partition, from->partition) | copy_text(&to->state, from->state) |
	    copy_text(&to->token, from->token) | copy_text(&to->notes, from->notes);
}

static void
row_fini(struct dest_state *row)
{
	free(row->stream);
	free(row->namespace_);
	free(row->partition);
	free(row->state);
	free(row->token);
	free(row->notes);
}

static void
forget_rows(struct airbyte_stream *s)
{
	dest_states_free(s->rows, s->n);
	s->rows = NULL;
	s->n = s->cap = 0;
}

static void
stream_free(struct airbyte_stream *s)
{
	forget_rows(s);
	buf_fini(&s->prefix);
	free(s->name);
	free(s->namespace_);
	free(s);
}

static void
add_descriptor(struct buf *b, const char *key, const struct airbyte_stream *s)
{
	buf_addf(b, "\"%s\":", key);
	buf_add_json_string(b, s->name, strlen(s->name));
	if (*s->namespace_ != '\0') {
		buf_adds(b, ",\"namespace\":");
		buf_add_json_string(b, s->namespace_, strlen(s->namespace_));
	}
}

static struct airbyte_stream *
find_stream(const struct airbyte_dest *d, const char *name, const char *ns)
{
	struct airbyte_stream *s = d->streams;

	while (s != NULL && (strcmp(s->name, name) != 0 || strcmp(s->namespace_, ns) != 0))
		s = s->next;
	return s;
}

static struct airbyte_stream *
need_stream(struct airbyte_dest *d, const char *name, const char *ns)
{
	struct airbyte_stream *s = find_stream(d, name, ns == NULL ? "" : ns);

	if (s != NULL || (s = calloc(1, sizeof(*s))) == NULL)
		return s;
	s->d = d;
	buf_init(&s->prefix, PREFIX_MAX);
	s->name = strdup(name);
	s->namespace_ = strdup(ns == NULL ? "" : ns);
	if (s->name != NULL && s->namespace_ != NULL) {
		buf_adds(&s->prefix, "{\"type\":\"RECORD\",\"record\":{");
		add_descriptor(&s->prefix, "stream", s);
		buf_adds(&s->prefix, ",\"data\":");
	}
	if (s->name == NULL || s->namespace_ == NULL || s->prefix.failed) {
		stream_free(s);
		return NULL;
	}
	s->next = d->streams;
	d->streams = s;
	return s;
}

/* Where the partition's row is, or would be. */
static size_t
place_of(const struct airbyte_stream *s, const char *partition)
{
	size_t from = 0, to = s->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (strcmp(s->rows[middle].partition, partition) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static int
put_row(struct airbyte_dest *d, const struct dest_state *row)
{
	struct airbyte_stream *s = need_stream(d, row->stream, row->namespace_);
	struct dest_state copy, *rows;
	size_t at;

	if (s == NULL)
		return -1;
	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? 4 : s->cap * 2;
		if ((rows = realloc(s->rows, s->cap * sizeof(*rows))) == NULL)
			return -1;
		s->rows = rows;
	}
	if (copy_row(&copy, row) != 0) {
		row_fini(&copy);
		return -1;
	}
	at = place_of(s, row->partition);
	if (at < s->n && strcmp(s->rows[at].partition, row->partition) == 0) {
		row_fini(&s->rows[at]);
	} else {
		memmove(s->rows + at + 1, s->rows + at, (s->n - at) * sizeof(*rows));
		s->n++;
	}
	s->rows[at] = copy;
	s->is_dirty = 1;
	return 0;
}

static void
airbyte_close(struct dest *base)
{
	struct airbyte_dest *d = (struct airbyte_dest *)base;
	struct airbyte_stream *s;

	while ((s = d->streams) != NULL) {
		d->streams = s->next;
		stream_free(s);
	}
	free(d);
}

ab_status
airbyte_open(const struct airbyte_options *o, struct dest **out, struct error *e)
{
	struct airbyte_dest *d = calloc(1, sizeof(*d));

	*out = NULL;
	if (d == NULL)
		return no_memory(e);
	d->base.ops = &airbyte_ops;
	d->out = o->out;
	d->state = o->state;
	for (size_t i = 0; i < o->n; i++)
		if (put_row(d, &o->rows[i]) != 0) {
			airbyte_close(&d->base);
			return no_memory(e);
		}
	for (struct airbyte_stream *s = d->streams; s != NULL; s = s->next)
		s->is_dirty = 0;
	*out = &d->base;
	return AB_OK;
}

static ab_status
airbyte_states(struct dest *base, struct dest_state **out, size_t *n, struct error *e)
{
	struct airbyte_dest *d = (struct airbyte_dest *)base;
	size_t all = 0;

	*n = 0;
	for (const struct airbyte_stream *s = d->streams; s != NULL; s = s->next)
		all += s->n;
	if ((*out = calloc(all + 1, sizeof(**out))) == NULL)
		return no_memory(e);
	for (const struct airbyte_stream *s = d->streams; s != NULL; s = s->next)
		for (size_t i = 0; i < s->n; i++)
			if (copy_row(&(*out)[(*n)++], &s->rows[i]) != 0) {
				dest_states_free(*out, *n);
				*out = NULL;
				*n = 0;
				return no_memory(e);
			}
	return AB_OK;
}

static ab_status
airbyte_run_begin(struct dest *base, struct dest_run *run, struct error *e)
{
	(void)base;
	(void)e;
	run->id = 0;
	return AB_OK;
}

static ab_status
airbyte_begin(struct dest *base, const struct dest_stream_spec *spec, struct dest_stream **out,
    struct error *e)
{
	struct airbyte_stream *s =
	    need_stream((struct airbyte_dest *)base, spec->name, spec->namespace_);

	*out = (struct dest_stream *)s;
	return s != NULL ? AB_OK : no_memory(e);
}

static ab_status
gone(const struct airbyte_dest *d, struct error *e)
{
	int code = airbyte_out_failed(d->out);

	return code == 0 ? AB_OK
			 : error_set(e, AB_EUNSUPPORTED, "standard output cannot be written: %s",
			       strerror(code));
}

/* What the protocol says once before records. */
static void
say_begin(struct airbyte_stream *s, size_t nrecords, int64_t total)
{
	if (total > s->estimate) {
		s->estimate = total;
		airbyte_estimate(s->d->out, s->name, s->namespace_, total);
	}
	if (s->is_running || nrecords == 0)
		return;
	s->is_running = 1;
	airbyte_status(s->d->out, s->name, s->namespace_, "RUNNING", 0);
}

static void
write_records(struct airbyte_stream *s, const struct dest_page *page, const struct buf *constants,
    const char *end, size_t end_len)
{
	void (*add)(struct airbyte_out *, const char *, size_t) =
	    page->scan->has_newline ? airbyte_out_add_line : airbyte_out_add;

	for (size_t i = page->first; i < page->scan->nrecords; i++) {
		const struct scan_record *r = &page->scan->records[i];
		const char *bytes = page->bytes + r->off;
		size_t skip = constants->len == 0 ? 0 : 1;

		airbyte_out_add(s->d->out, s->prefix.ptr, s->prefix.len);
		if (skip != 0) {
			airbyte_out_add(s->d->out, "{", 1);
			/* before "}" there is no member to part from */
			airbyte_out_add(
			    s->d->out, constants->ptr, constants->len - (r->count == 0));
		}
		add(s->d->out, bytes + skip, r->len - skip);
		airbyte_out_add(s->d->out, end, end_len);
	}
}

static ab_status
airbyte_write(struct dest_stream *stream, const struct dest_page *page, struct error *e)
{
	struct airbyte_stream *s = (struct airbyte_stream *)stream;
	int64_t n =
	    page->first < page->scan->nrecords ? (int64_t)(page->scan->nrecords - page->first) : 0;
	struct buf constants;
	int64_t total = 0;
	char end[64];
	int len = snprintf(
	    end, sizeof(end), ",\"emitted_at\":%" PRId64 "}}\n", page->extracted_us / 1000);

	buf_init(&constants, CONSTANTS_MAX);
	if (about_read(page->about, &constants, &total, e) == AB_OK) {
		say_begin(s, (size_t)n, total);
		airbyte_out_begin(s->d->out);
		write_records(s, page, &constants, end, (size_t)len);
		airbyte_out_end(s->d->out);
		s->since += n;
		s->stats.rows += n;
		gone(s->d, e);
	}
	buf_fini(&constants);
	return e->status;
}

static ab_status
airbyte_discard(struct dest_stream *stream, int64_t since_us, int lane, struct error *e)
{
	(void)stream;
	(void)since_us;
	(void)lane;
	return error_set(e, AB_EUNSUPPORTED, "they have been printed");
}

static ab_status
airbyte_finish(struct dest_stream *stream, struct error *e)
{
	(void)stream;
	(void)e;
	return AB_OK;
}

/* A page token may be a URL with a key in it: such a state is not printed, and the stream's last one has none. */
static int
holds_secret(const struct buf *line, int *failed)
{
	char *copy = strdup(buf_str(line));
	int holds;

	if (copy == NULL) {
		*failed = 1;
		return 0;
	}
	holds = strcmp(redact_text(copy), buf_str(line)) != 0;
	free(copy);
	return holds;
}

static ab_status
print_state(struct airbyte_stream *s, struct error *e)
{
	struct buf b;
	int failed = 0;

	buf_init(&b, AIRBYTE_MAX_MESSAGE);
	buf_adds(&b,
	    "{\"type\":\"STATE\",\"state\":{\"type\":\"STREAM\",\"stream\":{\"stream_descriptor\":{");
	add_descriptor(&b, "name", s);
	buf_adds(&b, "},\"stream_state\":");
	failed = s->d->state(s->rows, s->n, &b) != 0;
	buf_addf(&b, "},\"sourceStats\":{\"recordCount\":%" PRId64 ".0}}}", s->since);
	if (failed || b.failed) {
		error_set(e, AB_EUNSUPPORTED,
		    "stream \"%s\": its state is larger than %zu bytes, or there is no memory",
		    s->name, AIRBYTE_MAX_MESSAGE);
	} else if (holds_secret(&b, &failed)) {
		log_line(AB_WARN,
		    "stream \"%s\": a state is not told because a secret of the configuration stands in it",
		    s->name);
	} else if (failed) {
		no_memory(e);
	} else {
		airbyte_out_begin(s->d->out);
		airbyte_out_add_line(s->d->out, b.ptr, b.len);
		airbyte_out_add(s->d->out, "\n", 1);
		airbyte_out_end(s->d->out);
		s->since = 0;
	}
	buf_fini(&b);
	return e->status;
}

static ab_status
airbyte_commit(struct dest *base, const struct dest_state *const *rows, size_t n,
    const struct dest_run *run, struct error *e)
{
	struct airbyte_dest *d = (struct airbyte_dest *)base;

	(void)run;
	for (size_t i = 0; i < n; i++)
		if (put_row(d, rows[i]) != 0)
			return no_memory(e);
	for (struct airbyte_stream *s = d->streams; s != NULL; s = s->next) {
		if (!s->is_dirty)
			continue;
		s->is_dirty = 0;
		if (print_state(s, e) != AB_OK)
			return e->status;
	}
	return gone(d, e);
}

static void
airbyte_rollback(struct dest *base)
{
	(void)base; /* what is printed is printed */
}

static ab_status
airbyte_state_delete(struct dest *base, const char *stream, const char *namespace_, struct error *e)
{
	struct airbyte_stream *s =
	    find_stream((struct airbyte_dest *)base, stream, namespace_ == NULL ? "" : namespace_);

	(void)e;
	if (s != NULL) {
		forget_rows(s);
		s->is_dirty = 1;
	}
	return AB_OK;
}

static void
airbyte_stats(const struct dest_stream *stream, struct dest_stats *out)
{
	*out = ((const struct airbyte_stream *)stream)->stats;
}

static const char *
airbyte_where(const struct dest_stream *stream)
{
	(void)stream;
	return "standard output";
}

static int
airbyte_is_durable(const struct dest *base)
{
	(void)base;
	return 0;
}

static const struct dest_ops airbyte_ops = {
    .scheme = "airbyte",
    .close = airbyte_close,
    .states = airbyte_states,
    .run_begin = airbyte_run_begin,
    .begin = airbyte_begin,
    .write = airbyte_write,
    .discard = airbyte_discard,
    .finish = airbyte_finish,
    .commit = airbyte_commit,
    .rollback = airbyte_rollback,
    .state_delete = airbyte_state_delete,
    .stats = airbyte_stats,
    .where = airbyte_where,
    .is_durable = airbyte_is_durable,
};
