/* decode.c - see decode.h.  Must never believe a size that a body tells of itself beyond the target's max. */
#include <config.h>

#include "net/decode.h"

#include <libdeflate.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>
#include <zstd.h>

#define STEP	       ((size_t)64 << 10)
#define ZSTD_WINDOW    23   /* log2 of the most history: what RFC 9659 lets a server use */
#define GZIP_LEAST     18   /* bytes of an empty gzip member */
#define DEFLATE_GROWTH 1032 /* no deflate body grows more */

struct decode_engines {
	z_stream z;
	int has_z;
	struct libdeflate_decompressor *fast;
	ZSTD_DCtx *zstd;
};

int
decode_kind_of(const char *text)
{
	static const struct {
		const char *name;
		enum decode_kind kind;
	} known[] = {{"identity", DECODE_PLAIN}, {"none", DECODE_PLAIN}, {"gzip", DECODE_GZIP},
	    {"x-gzip", DECODE_GZIP}, {"deflate", DECODE_DEFLATE}, {"zstd", DECODE_ZSTD}};

	if (text == NULL || text[0] == '\0')
		return DECODE_PLAIN;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcasecmp(text, known[i].name) == 0)
			return (int)known[i].kind;
	return -1;
}

enum decode_kind
decode_sniff(const char *bytes, size_t n)
{
	if (n >= 3 && memcmp(bytes, "\x1f\x8b\x08", 3) == 0)
		return DECODE_GZIP;
	if (n >= 4 && memcmp(bytes, "\x28\xb5\x2f\xfd", 4) == 0)
		return DECODE_ZSTD;
	if (n >= 4 && (bytes[0] & 0xf0) == 0x50 && memcmp(bytes + 1, "\x2a\x4d\x18", 3) == 0)
		return DECODE_ZSTD; /* a frame to be passed over stands in front */
	return DECODE_PLAIN;
}

const char *
decode_name(enum decode_kind kind)
{
	static const char *const names[] = {"plain", "gzip", "deflate", "zstd"};

	return names[kind];
}

void
decode_fini(struct decode *d)
{
	struct decode_engines *g = d->engines;

	if (g != NULL) {
		if (g->has_z)
			inflateEnd(&g->z);
		libdeflate_free_decompressor(g->fast);
		ZSTD_freeDCtx(g->zstd);
		free(g);
	}
	*d = (struct decode){0};
}

void
decode_begin(struct decode *d, enum decode_kind kind)
{
	*d = (struct decode){.kind = kind, .engines = d->engines};
}

static struct decode_engines *
engines_of(struct decode *d)
{
	if (d->engines == NULL)
		d->engines = calloc(1, sizeof(*d->engines));
	return d->engines;
}

/* By its first two bytes (RFC 1950): most servers mean that, some send the bare deflate data. */
static int
is_zlib(const unsigned char p[2])
{
	return (p[0] & 0x0f) == 8 && p[0] >> 4 <= 7 && (p[0] << 8 | p[1]) % 31 == 0;
}

static int
begin_inflate(struct decode *d, const char *bytes, size_t n)
{
	struct decode_engines *g = engines_of(d);
	unsigned char two[2] = {(unsigned char)bytes[0], n > 1 ? (unsigned char)bytes[1] : 0};
	int window = 15 + 16;

	if (g == NULL)
		return -1;
	if (d->has_first) {
		two[1] = two[0];
		two[0] = (unsigned char)d->first;
	}
	if (d->kind == DECODE_DEFLATE)
		window = is_zlib(two) ? 15 : -15;
	if (!g->has_z) {
		g->z = (z_stream){0};
		g->has_z = inflateInit2(&g->z, window) == Z_OK;
		return g->has_z ? 0 : -1;
	}
	return inflateReset2(&g->z, window) == Z_OK ? 0 : -1;
}

static int
begin_zstd(struct decode *d)
{
	struct decode_engines *g = engines_of(d);

	if (g == NULL || (g->zstd == NULL && (g->zstd = ZSTD_createDCtx()) == NULL))
		return -1;
	ZSTD_DCtx_reset(g->zstd, ZSTD_reset_session_only);
	return ZSTD_isError(ZSTD_DCtx_setParameter(g->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW)) ? -1
											       : 0;
}

/* -1: no memory. A target that is full is no failure: a trailer needs no room. */
static int
make_room(struct body *out)
{
	size_t left = out->max - out->len;

	if (left == 0 && out->ptr != NULL)
		return 0;
	if (out->ptr != NULL && out->cap > out->len)
		return 0;
	return body_reserve(out, left < STEP ? left : STEP);
}

static size_t
room(const struct body *out)
{
	size_t cap = out->cap < out->max ? out->cap : out->max;

	return cap - out->len;
}

static enum decode_result
damaged(struct decode *d, const char *why)
{
	d->why = why != NULL ? why : "invalid data";
	return DECODE_DAMAGED;
}

/* Behind a member's end: another one, padding, or nothing. */
static enum decode_result
between_members(struct decode *d, const char **bytes, size_t *n)
{
	if (d->kind == DECODE_GZIP && !d->is_padding && **bytes == '\x1f') {
		inflateReset(&d->engines->z);
		d->is_inside = 1;
		return DECODE_OK;
	}
	d->is_padding = 1;
	for (; *n > 0 && **bytes == '\0'; (*bytes)++, (*n)--)
		;
	return *n == 0 ? DECODE_OK : damaged(d, "something stands behind its end");
}

static enum decode_result
step_inflate(struct decode *d, const char **bytes, size_t *n, struct body *out)
{
	z_stream *z = &d->engines->z;
	uInt piece = *n < UINT32_MAX ? (uInt)*n : UINT32_MAX;
	uInt most = room(out) < UINT32_MAX ? (uInt)room(out) : UINT32_MAX;
	int rc;

	z->next_in = (unsigned char *)(uintptr_t)*bytes;
	z->avail_in = piece;
	z->next_out = (unsigned char *)out->ptr + out->len;
	z->avail_out = most;
	rc = inflate(z, Z_NO_FLUSH);
	*bytes += piece - z->avail_in;
	*n -= piece - z->avail_in;
	out->len += most - z->avail_out;
	d->is_inside = rc != Z_STREAM_END;
	d->has_more = d->is_inside && z->avail_out == 0;
	if (rc == Z_MEM_ERROR)
		return DECODE_NO_MEMORY;
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		return damaged(d, rc == Z_NEED_DICT ? "it needs a dictionary" : z->msg);
	return DECODE_OK;
}

static enum decode_result
step_zstd(struct decode *d, const char **bytes, size_t *n, struct body *out)
{
	ZSTD_inBuffer in = {*bytes, *n, 0};
	ZSTD_outBuffer to = {out->ptr + out->len, room(out), 0};
	size_t rc = ZSTD_decompressStream(d->engines->zstd, &to, &in);

	*bytes += in.pos;
	*n -= in.pos;
	out->len += to.pos;
	d->is_inside = rc != 0;
	d->has_more = d->is_inside && to.pos == to.size;
	return ZSTD_isError(rc) ? damaged(d, ZSTD_getErrorName(rc)) : DECODE_OK;
}

static enum decode_result
undo(struct decode *d, const char **bytes, size_t *n, struct body *out)
{
	enum decode_result r = DECODE_OK;
	int full = 0;

	while (r == DECODE_OK && !full && (*n > 0 || d->has_more)) {
		if (make_room(out) != 0)
			return DECODE_NO_MEMORY;
		full = room(out) == 0;
		if (d->kind == DECODE_ZSTD)
			r = step_zstd(d, bytes, n, out);
		else if (d->is_inside)
			r = step_inflate(d, bytes, n, out);
		else
			r = between_members(d, bytes, n);
	}
	return r == DECODE_OK && *n > 0 ? DECODE_FULL : r;
}

enum decode_result
decode_push(struct decode *d, const char **bytes, size_t *n, struct body *out)
{
	const char *first = &d->first;
	size_t one = 1;
	enum decode_result r = DECODE_OK;

	if (!d->begun && *n == 0)
		return DECODE_OK;
	d->is_inside |= !d->begun;
	if (!d->begun && d->kind == DECODE_DEFLATE && !d->has_first && *n == 1) {
		d->first = *(*bytes)++;
		d->has_first = 1;
		*n = 0;
		return DECODE_OK;
	}
	if (!d->begun) {
		if ((d->kind == DECODE_ZSTD ? begin_zstd(d) : begin_inflate(d, *bytes, *n)) != 0)
			return DECODE_NO_MEMORY;
		d->begun = 1;
		if (d->has_first)
			r = undo(d, &first, &one, out);
	}
	return r == DECODE_OK ? undo(d, bytes, n, out) : r;
}

enum decode_result
decode_end(const struct decode *d)
{
	if (d->has_more)
		return DECODE_FULL;
	return d->is_inside ? DECODE_CUT : DECODE_OK;
}

/* What a gzip body says of its size at its end, modulo 2^32; 0: it cannot be true. */
static size_t
gzip_size(const char *bytes, size_t n)
{
	const unsigned char *p = (const unsigned char *)bytes + n - 4;
	size_t size;

	if (n < GZIP_LEAST)
		return 0;
	size = (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
	return size / DEFLATE_GROWTH <= n ? size : 0;
}

/* 0: the one member was undone; -1: it is to be looked at piece by piece. */
static int
gzip_at_once(struct decode *d, const char *bytes, size_t n, struct body *out)
{
	struct decode_engines *g = engines_of(d);
	size_t size = gzip_size(bytes, n), used, got;

	if (g == NULL || size == 0 || body_reserve(out, size) != 0)
		return -1;
	if (g->fast == NULL)
		g->fast = libdeflate_alloc_decompressor();
	if (g->fast == NULL ||
	    libdeflate_gzip_decompress_ex(g->fast, bytes, n, out->ptr, size, &used, &got) !=
		LIBDEFLATE_SUCCESS ||
	    used != n)
		return -1;
	out->len = got;
	return 0;
}

static int
zstd_at_once(struct decode *d, const char *bytes, size_t n, struct body *out)
{
	unsigned long long size = ZSTD_getFrameContentSize(bytes, n);
	size_t got;

	if (size == 0 || size > out->max || begin_zstd(d) != 0 ||
	    body_reserve(out, (size_t)size) != 0)
		return -1;
	got = ZSTD_decompressDCtx(d->engines->zstd, out->ptr, (size_t)size, bytes, n);
	if (ZSTD_isError(got))
		return -1;
	out->len = got;
	return 0;
}

enum decode_result
decode_whole(struct decode *d, enum decode_kind kind, const char *bytes, size_t n, struct body *out)
{
	enum decode_result r;

	decode_begin(d, kind);
	if ((kind == DECODE_GZIP && gzip_at_once(d, bytes, n, out) == 0) ||
	    (kind == DECODE_ZSTD && zstd_at_once(d, bytes, n, out) == 0))
		return DECODE_OK;
	out->len = 0;
	r = decode_push(d, &bytes, &n, out);
	return r == DECODE_OK ? decode_end(d) : r;
}
