/* jsonl_verify.c - --verify: do the lines hold what the run gave?  See jsonl.h.
 *
 * A line is nothing but the bytes that came, so the sum of the lines' hashes is compared: those of what was given are made from
 * the page, those of what is there from the file as it stands, from where it ended before the run.  Both follow the
 * transactions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/value.h"
#include "dest/jsonl.h"

#define MOST_LINE ((size_t)1 << 31)

void
jsonl_verify_init(struct jsonl_verify *v)
{
	*v = (struct jsonl_verify){0};
	buf_init(&v->line, MOST_LINE);
}

void
jsonl_verify_fini(struct jsonl_verify *v)
{
	buf_fini(&v->line);
}

void
jsonl_verify_begin(struct jsonl_verify *v, const struct dest_stream_spec *spec, int64_t length)
{
	int anew = spec->fresh && spec->is_refresh;

	v->is_asked = spec->verify;
	if (v->has_base && !anew)
		return;
	v->now = (struct jsonl_sum){.base = length};
	if (!v->has_base)
		v->committed = v->now;
	v->has_base = 1;
}

static void
add_line(struct jsonl_sum *sum, const char *line, size_t len)
{
	sum->lines++;
	sum->hash += value_hash(line, len);
}

ab_status
jsonl_verify_line(struct jsonl_verify *v, const struct buf *constants, const char *bytes,
    size_t len, struct error *e)
{
	if (!v->is_asked)
		return AB_OK;
	buf_reset(&v->line);
	if (constants != NULL && constants->len > 0) {
		buf_addc(&v->line, '{');
		buf_add(&v->line, constants->ptr, constants->len);
	}
	buf_add(&v->line, bytes, len);
	if (v->line.failed)
		return error_set(e, AB_ENOMEM, "no memory to verify");
	for (size_t i = 0; i < v->line.len; i++)
		if (v->line.ptr[i] == '\n' || v->line.ptr[i] == '\r')
			v->line.ptr[i] = ' ';
	add_line(&v->now, v->line.ptr, v->line.len);
	return AB_OK;
}

void
jsonl_verify_end(struct jsonl_verify *v, int is_committed)
{
	if (is_committed)
		v->committed = v->now;
	else
		v->now = v->committed;
}

/* A line of a log is the stream's where it begins so, and what was given stands behind that, up to the last brace. */
static void
take_line(struct jsonl_sum *held, const char *prefix, const char *line, size_t len)
{
	size_t skip = strlen(prefix);

	if (skip == 0)
		add_line(held, line, len);
	else if (len > skip && memcmp(line, prefix, skip) == 0)
		add_line(held, line + skip, len - skip - 1);
}

static ab_status
read_lines(FILE *f, const char *path, const char *prefix, struct jsonl_sum *held, struct error *e)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	errno = 0;
	while ((n = getline(&line, &cap, f)) > 0)
		take_line(held, prefix, line, (size_t)n - (line[n - 1] == '\n'));
	if (ferror(f) || errno == ENOMEM)
		error_set(
		    e, AB_ETRANSIENT, "cannot read %s to verify it: %s", path, strerror(errno));
	free(line);
	return e->status;
}

ab_status
jsonl_verify_file(const struct jsonl_verify *v, const char *stream, const char *path,
    const char *prefix, int64_t *rows, struct error *e)
{
	struct jsonl_sum held = {0};
	FILE *f = fopen(path, "re");

	*rows = 0;
	if (f == NULL || fseeko(f, v->now.base, SEEK_SET) != 0)
		error_set(
		    e, AB_ETRANSIENT, "cannot read %s to verify it: %s", path, strerror(errno));
	else
		read_lines(f, path, prefix, &held, e);
	if (f != NULL)
		fclose(f);
	*rows = held.lines;
	if (e->status != AB_OK || (held.lines == v->now.lines && held.hash == v->now.hash))
		return e->status;
	return error_set(e, AB_EDATA,
	    "stream %s: %s does not hold what the source gave: %lld lines were given, %lld are there%s; somebody else has "
	    "changed it meanwhile, or this is a bug of abhost",
	    stream, path, (long long)v->now.lines, (long long)held.lines,
	    held.lines == v->now.lines ? ", not all of them the same" : "");
}
