/* lines.c - bodies of JSON Lines, taken as they come.  A long one fills several pages: it stays open in the source
 * from call to call, under a token that only this source knows. */
#include <stdlib.h>

#include "kit.h"

#define OPEN_MAX 40 /* bodies: of streams that are read in turns; the host lets a source have 48 */
#define LINE_MAX ((size_t)64 << 20)

struct rest_lines {
	struct rest_lines *next;
	const struct ab_response *resp;
	char *token;	   /* the pager's own, "" the first page */
	struct text carry; /* a line that has not ended yet */
	unsigned long id, page;
};

static void
lines_free(struct rest_lines *l)
{
	text_fini(&l->carry);
	free(l->token);
	free(l);
}

static void
lines_close(struct rest *r, struct rest_lines *l)
{
	struct rest_lines **at = &r->lines;

	while (*at != NULL && *at != l)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	*at = l->next;
	r->host->http_done(l->resp);
	lines_free(l);
}

void
lines_end(const struct fetch *f, const struct ab_response *resp)
{
	struct rest_lines *l = f->rest->lines;

	while (l != NULL && l->resp != resp)
		l = l->next;
	if (l != NULL)
		lines_close(f->rest, l);
	else
		f->h->http_done(resp); /* there was nothing to be read in it */
}

void
lines_free_all(struct rest_lines *all)
{
	struct rest_lines *next;

	for (; all != NULL; all = next) {
		next = all->next;
		lines_free(all); /* the host closes the answers itself */
	}
}

ab_status
lines_enter(struct fetch *f)
{
	struct rest_lines *l;
	unsigned long id;

	if (f->token == NULL || strncmp(f->token, LINES_TOKEN, strlen(LINES_TOKEN)) != 0)
		return AB_OK;
	id = strtoul(f->token + strlen(LINES_TOKEN), NULL, 10);
	for (l = f->rest->lines; l != NULL && l->id != id; l = l->next)
		;
	if (l == NULL)
		return ab_failf(f->h, AB_ESTALE,
		    "%s: the answer that was being read is gone; it begins again", f->s->name);
	f->lines = l;
	f->token = l->token[0] == '\0' ? NULL : l->token;
	return AB_OK;
}

const struct ab_response *
lines_response(const struct rest_lines *l)
{
	return l->resp;
}

/* A new one; the oldest goes where there are too many: nobody asks for it any more. */
static struct rest_lines *
lines_open(const struct fetch *f, const struct ab_response *resp)
{
	struct rest *r = f->rest;
	struct rest_lines *l = calloc(1, sizeof(*l)), *last = r->lines;
	int n = 0;

	if (l == NULL || (l->token = strdup(f->token != NULL ? f->token : "")) == NULL) {
		free(l);
		return NULL;
	}
	for (; last != NULL && last->next != NULL; last = last->next)
		n++;
	if (n + 1 >= OPEN_MAX && last != NULL)
		lines_close(r, last);
	l->resp = resp;
	l->id = ++r->lines_opened;
	l->next = r->lines;
	r->lines = l;
	return l;
}

static ab_status
take_line(const struct lines_taker *t, struct ab_str line)
{
	while (line.len > 0 && strchr(" \t\r", line.ptr[line.len - 1]) != NULL)
		line.len--;
	return line.len == 0 ? AB_OK : t->line(t->ctx, line);
}

/* Whole lines, each with its end. */
static ab_status
take_block(const struct lines_taker *t, struct ab_str block)
{
	const char *end;
	size_t n;
	ab_status rc = AB_OK;

	if (t->block != NULL)
		return block.len > 0 ? t->block(t->ctx, block) : AB_OK;
	while (rc == AB_OK && block.len > 0) {
		end = memchr(block.ptr, '\n', block.len);
		n = end == NULL ? block.len : (size_t)(end - block.ptr);
		rc = take_line(t, (struct ab_str){block.ptr, n});
		n += end != NULL;
		block.ptr += n;
		block.len -= n;
	}
	return rc;
}

/* The length of the whole lines in a chunk. */
static size_t
whole_len(struct ab_str chunk)
{
	size_t n = chunk.len;

	while (n > 0 && chunk.ptr[n - 1] != '\n')
		n--;
	return n;
}

/* A part of a line is kept until its end comes. */
static ab_status
take_chunk(const struct lines_taker *t, struct ab_str chunk, struct text *carry)
{
	const char *end = memchr(chunk.ptr, '\n', chunk.len);
	size_t n;
	ab_status rc = AB_OK;

	if (carry->len > 0 && end != NULL) {
		n = (size_t)(end - chunk.ptr) + 1;
		text_add(carry, chunk.ptr, n - 1);
		if (!carry->failed)
			rc = take_line(t, (struct ab_str){carry->ptr, carry->len});
		carry->len = 0;
		chunk.ptr += n;
		chunk.len -= n;
	}
	n = whole_len(chunk);
	if (rc == AB_OK && n > 0 && !carry->failed)
		rc = take_block(t, (struct ab_str){chunk.ptr, n});
	text_add(carry, chunk.ptr + n, chunk.len - n);
	return rc;
}

/* Until the end, or until the page has so many bytes. */
static ab_status
read_on(const struct fetch *f, struct rest_lines *l, const struct lines_taker *t, size_t most,
    int *is_cut)
{
	struct ab_str chunk;
	size_t got = 0;
	ab_status rc = AB_OK;

	*is_cut = 0;
	while (rc == AB_OK && !*is_cut) {
		rc = f->h->http_read(l->resp, &chunk);
		if (rc != AB_OK || chunk.len == 0)
			break;
		rc = take_chunk(t, chunk, &l->carry);
		if (rc == AB_OK && l->carry.failed)
			rc = request_no_memory(f->rest);
		if (rc == AB_OK && l->carry.len > LINE_MAX)
			rc = ab_failf(f->h, AB_EDATA,
			    "%s: a line of the answer has not ended after %zu MiB: are these JSON Lines?",
			    f->s->name, LINE_MAX >> 20);
		got += chunk.len;
		*is_cut = most > 0 && got >= most;
	}
	if (rc == AB_OK && !*is_cut && l->carry.len > 0)
		rc = take_line(t, (struct ab_str){l->carry.ptr, l->carry.len});
	return rc;
}

ab_status
lines_each(const struct fetch *f, const struct ab_response *resp, const struct lines_taker *t,
    size_t most, struct text *next)
{
	struct rest_lines *l = f->lines != NULL ? f->lines : lines_open(f, resp);
	char token[64];
	int is_cut;
	ab_status rc;

	if (l == NULL)
		return request_no_memory(f->rest);
	rc = read_on(f, l, t, most, &is_cut);
	if (rc == AB_OK && is_cut) {
		snprintf(token, sizeof(token), "%s%lu.%lu", LINES_TOKEN, l->id, ++l->page);
		text_adds(next, token);
	}
	return rc;
}
