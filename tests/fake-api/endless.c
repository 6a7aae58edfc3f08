/* Bodies that are made while they are sent: an export of any size, and what a client must not swallow whole. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "server.h"

#define LINE   128
#define BLOCK  ((size_t)256 << 10)
#define MEMBER ((size_t)1 << 20) /* blanks in one gzip member of a bomb */

/* What is repeated; of lines, each has a number of its own. */
struct source {
	char *bytes;
	size_t len;
	int numbered;
};

static void
free_source(void *held)
{
	struct source *s = held;

	free(s->bytes);
	free(s);
}

static void
set_number(char *line, uint64_t n)
{
	for (char *p = line + 18; n > 0; n /= 10)
		*--p = (char)('0' + n % 10);
}

/* Whole lines only, so that a block always begins with one. */
static ssize_t
read_source(void *held, uint64_t pos, char *out, size_t want)
{
	const struct source *s = held;
	size_t n = s->len - (size_t)(pos % s->len);

	n = n < want ? n : want;
	memcpy(out, s->bytes + pos % s->len, n);
	if (s->numbered && n >= LINE) {
		n -= n % LINE;
		for (size_t i = 0; i < n; i += LINE)
			set_number(out + i, (pos + i) / LINE);
	}
	return (ssize_t)n;
}

static struct source *
make_source(size_t len, char fill)
{
	struct source *s = calloc(1, sizeof(*s));

	if (s == NULL || (s->bytes = malloc(len)) == NULL) {
		free(s);
		return NULL;
	}
	memset(s->bytes, fill, len);
	s->len = len;
	return s;
}

/* {"id":          17,"name":"...} and a line end, LINE bytes. */
static struct source *
make_lines(void)
{
	struct source *s = make_source(BLOCK, '.');
	char line[LINE + 1];

	if (s == NULL)
		return NULL;
	snprintf(line, sizeof(line), "{\"id\":           0,\"name\":\"%.*s\"}\n", LINE - 30,
	    "a line of an export, which is as long as it must be, and goes on for as long as "
	    "anyone wants to read it............");
	for (size_t i = 0; i < BLOCK; i += LINE)
		memcpy(s->bytes + i, line, LINE);
	s->numbered = 1;
	return s;
}

/* A gzip member that is a thousandth of what it holds. */
static struct source *
make_member(void)
{
	struct source *blanks = make_source(MEMBER, ' ');
	z_stream z = {0};

	if (blanks == NULL || deflateInit2(&z, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	z.avail_out = (unsigned)deflateBound(&z, MEMBER);
	z.next_in = (unsigned char *)blanks->bytes;
	z.avail_in = MEMBER;
	z.next_out = malloc(z.avail_out);
	blanks->bytes = (char *)z.next_out;
	deflate(&z, Z_FINISH);
	blanks->len = z.total_out;
	free((char *)z.next_in - MEMBER);
	deflateEnd(&z);
	return blanks;
}

/* Takes the source. */
static enum MHD_Result
send_source(
    struct exchange *x, struct source *taken, uint64_t size, const char *encoding, const char *name)
{
	struct MHD_Response *r;
	enum MHD_Result rc;

	if (taken == NULL)
		return MHD_NO;
	r = MHD_create_response_from_callback(size, BLOCK, read_source, taken, free_source);
	if (r == NULL) {
		free_source(taken);
		return MHD_NO;
	}
	MHD_add_response_header(r, "Content-Type", "application/json");
	if (encoding != NULL)
		MHD_add_response_header(r, "Content-Encoding", encoding);
	request_log_add(&x->server->log, x->connection, x->method, x->target, 200, name);
	rc = MHD_queue_response(x->connection, 200, r);
	MHD_destroy_response(r);
	return rc;
}

enum MHD_Result
endless_fault(struct exchange *x, const struct fault *f)
{
	uint64_t size = f->number > 0 ? (uint64_t)f->number : MHD_SIZE_UNKNOWN;
	struct source *member;

	if (f->kind != FAULT_BOMB)
		return send_source(x, make_source(BLOCK, ' '), size, NULL, fault_name(f->kind));
	member = make_member();
	if (member != NULL && size != MHD_SIZE_UNKNOWN)
		size = (size + MEMBER - 1) / MEMBER * member->len;
	return send_source(x, member, size, "gzip", fault_name(f->kind));
}

enum MHD_Result
endless_export(struct exchange *x, uint64_t lines)
{
	return send_source(x, make_lines(), lines * LINE, NULL, "none");
}
