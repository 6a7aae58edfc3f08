/* Pages of a list.  Record bytes are sent from where the store keeps them; nothing is copied unless a fault or a
 * list in pieces asks for it. */
#include "page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define BODY_MAX ((size_t)2 << 30)

/* Where a page begins and what it filters: what a token holds. */
struct position {
	uint64_t at; /* below 2^48 */
	int64_t since_us;
	unsigned empties; /* empty pages before this one, so that no two tokens are the same */
};

void
page_init(struct page *p)
{
	memset(p, 0, sizeof(*p));
	buf_init(&p->head, 1 << 16);
	buf_init(&p->middle, BODY_MAX);
	buf_init(&p->tail, 1 << 16);
}

void
page_fini(struct page *p)
{
	buf_fini(&p->head);
	buf_fini(&p->middle);
	buf_fini(&p->tail);
	free(p->link);
	free(p->next);
	free(p->total);
}

static uint32_t
token_check(const struct store *s, const struct store_list *l, const struct position *pos)
{
	uint64_t h = s->seed ^ (pos->at + pos->empties) * UINT64_C(0x9e3779b97f4a7c15) ^
	    (uint64_t)pos->since_us;

	for (const char *c = l->name; *c != '\0'; c++)
		h = (h ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	return (uint32_t)(h >> 32 ^ h);
}

static void
token_format(
    const struct store *s, const struct store_list *l, const struct position *pos, char out[48])
{
	uint32_t check = token_check(s, l, pos);

	snprintf(out, 48, "c%08" PRIx32 "%016" PRIx64 "%016" PRIx64, check,
	    (pos->at | (uint64_t)pos->empties << 48) ^ check, (uint64_t)pos->since_us ^ check);
}

static int
token_parse(
    const struct store *s, const struct store_list *l, const char *token, struct position *pos)
{
	uint64_t part[3];
	const char *p = token + 1;

	if (strlen(token) != 41 || token[0] != 'c' || strspn(p, "0123456789abcdef") != 40)
		return -1;
	for (int i = 0; i < 3; i++) {
		char digits[17] = "";
		size_t n = i == 0 ? 8 : 16;

		memcpy(digits, p, n);
		part[i] = strtoull(digits, NULL, 16);
		p += n;
	}
	part[1] ^= part[0];
	pos->at = part[1] & ((UINT64_C(1) << 48) - 1);
	pos->empties = (unsigned)(part[1] >> 48);
	pos->since_us = (int64_t)(part[2] ^ part[0]);
	return token_check(s, l, pos) == part[0] ? 0 : -1;
}

static size_t
behind_id(const struct store_list *l, int64_t since_us, const char *id)
{
	uint64_t wanted = strtoull(id, NULL, 10);

	for (size_t at = 0; at < l->count; at++)
		if (l->records[at].bytes != NULL && l->records[at].id == wanted)
			return store_seek(l, at + 1, since_us);
	return l->count;
}

static int
page_refuse(struct page *p, const char *why)
{
	char text[256];

	snprintf(
	    text, sizeof(text), "{\"error\":{\"code\":\"bad_request\",\"message\":\"%s\"}}", why);
	return page_set_text(p, text, strlen(text)) == 0 ? 400 : 500;
}

/* 0, or a status with the page set. */
static int
find_start(struct page *p, struct store *s, const struct store_list *l, const struct page_query *q,
    size_t limit, struct position *pos)
{
	pos->since_us = INT64_MIN;
	if (q->cursor != NULL)
		return token_parse(s, l, q->cursor, pos) == 0
		    ? 0
		    : page_refuse(p, "The cursor is not one of this list");
	if (q->updated_after != NULL &&
	    clock_parse(q->updated_after, strlen(q->updated_after), &pos->since_us) == -1)
		return page_refuse(p, "updated_after is not a time");
	if (q->style == PAGE_NUMBER && q->number != NULL) {
		uint64_t number = strtoull(q->number, NULL, 10);

		if (number == 0)
			return page_refuse(p, "Pages are counted from 1");
		pos->at = store_skip(l, pos->since_us, (number - 1) * limit);
	} else if (q->style == PAGE_OFFSET && q->offset != NULL)
		pos->at = store_skip(l, pos->since_us, strtoull(q->offset, NULL, 10));
	else if (q->style == PAGE_LAST && q->starting_after != NULL)
		pos->at = behind_id(l, pos->since_us, q->starting_after);
	else
		pos->at = store_seek(l, 0, pos->since_us);
	return 0;
}

static void
add_piece(struct page *p, const void *bytes, size_t len)
{
	if (len == 0)
		return;
	p->pieces[p->count].iov_base = bytes;
	p->pieces[p->count++].iov_len = len;
	p->bytes += len;
}

/* One record into the copied part. */
static void
copy_record(
    struct page *p, const struct store *s, const struct store_record *r, const struct fault *fault)
{
	char *room;

	if (fault->kind == FAULT_WRONG_TYPES) {
		room = buf_reserve(&p->middle, RENDER_MAX + 1);
		if (room == NULL)
			return;
		p->middle.len = (size_t)(store_render_as(s, room, r, RENDER_WRONG) - p->middle.ptr);
	} else
		buf_add(&p->middle, r->bytes, r->len);
	buf_addc(&p->middle, ',');
}

static void
copy_records(struct page *p, const struct store *s, const struct store_list *l, size_t at, size_t n,
    int64_t since_us, const struct fault *fault)
{
	for (size_t i = 0; i < n; i++, at = store_seek(l, at + 1, since_us)) {
		copy_record(p, s, &l->records[at], fault);
		if (fault->kind == FAULT_DUPLICATES)
			copy_record(p, s, &l->records[at], fault);
	}
	if (p->middle.len > 0)
		p->middle.len--;
	add_piece(p, p->middle.ptr, p->middle.len);
}

/* Records as pieces of the store; -1 where there would be too many of them. */
static int
point_at_records(struct page *p, const struct store_list *l, size_t at, size_t n, int64_t since_us)
{
	unsigned pieces = 0;

	for (size_t i = 0; i < n; i++, at = store_seek(l, at + 1, since_us)) {
		const struct store_record *r = &l->records[at];
		struct MHD_IoVec *last = pieces == 0 ? NULL : &p->pieces[p->count - 1];

		if (last != NULL && (const char *)last->iov_base + last->iov_len == r->bytes) {
			last->iov_len += r->len + 1;
			p->bytes += r->len + 1;
			continue;
		}
		if (++pieces > PAGE_PIECES) {
			p->count -= PAGE_PIECES;
			return -1;
		}
		add_piece(p, r->bytes, r->len + 1);
	}
	if (pieces > 0) { /* the comma behind the last record */
		p->pieces[p->count - 1].iov_len--;
		p->bytes--;
	}
	return 0;
}

static void
add_huge(struct page *p, long bytes)
{
	buf_adds(&p->middle, "{\"id\":1,\"updated_at\":\"2024-01-01T00:00:00.000Z\",\"name\":\"");
	for (long i = 0; i < bytes; i += 16)
		buf_adds(&p->middle, "0123456789abcdef");
	buf_adds(&p->middle, "\"}");
	add_piece(p, p->middle.ptr, p->middle.len);
}

static void
write_tail(struct page *p, const struct store_list *l, const struct page_query *q,
    const struct position *pos, size_t limit, const char *next)
{
	struct buf *b = &p->tail;

	switch (q->style) {
	case PAGE_CURSOR:
		if (next == NULL)
			buf_adds(b, "],\"nextCursor\":null}");
		else
			buf_addf(b, "],\"nextCursor\":\"%s\"}", next);
		break;
	case PAGE_NUMBER:
		buf_addf(b, "],\"page\":%s,\"total_pages\":%zu}", q->number ? q->number : "1",
		    (store_count(l, pos->since_us) + limit - 1) / limit);
		break;
	case PAGE_OFFSET:
		buf_addf(b, "],\"offset\":%s,\"total\":%zu}", q->offset ? q->offset : "0",
		    store_count(l, pos->since_us));
		break;
	case PAGE_LINK:
		buf_addc(b, ']');
		break;
	case PAGE_NEXT:
		if (next == NULL)
			buf_adds(b, "],\"next_url\":null}");
		else
			buf_addf(
			    b, "],\"next_url\":\"%s?limit=%zu&cursor=%s\"}", q->url, limit, next);
		break;
	case PAGE_LAST:
		buf_addf(b, "],\"has_more\":%s}", next ? "true" : "false");
		break;
	}
}

static int
make_link(struct page *p, const struct page_query *q, size_t limit, const char *next)
{
	struct buf b;

	if (q->style != PAGE_LINK || next == NULL)
		return 0;
	buf_init(&b, 4096);
	buf_addf(&b, "<%s?limit=%zu>; rel=\"first\", <%s?limit=%zu&cursor=%s>; rel=\"next\"",
	    q->url, limit, q->url, limit, next);
	p->link = buf_steal(&b);
	return p->link == NULL ? -1 : 0;
}

static size_t
page_limit(const struct page_query *q)
{
	uint64_t limit = q->limit == NULL ? 200 : strtoull(q->limit, NULL, 10);

	return limit == 0 ? 1 : limit > q->limit_max ? q->limit_max : (size_t)limit;
}

/* Records from pos on; pos moves behind them. */
static void
add_records(struct page *p, const struct store *s, const struct store_list *l, size_t limit,
    struct position *pos, const struct fault *fault)
{
	size_t n = 0, at = pos->at;

	for (; n < limit && at < l->count; n++)
		at = store_seek(l, at + 1, pos->since_us);
	if (fault->kind == FAULT_HUGE)
		add_huge(p, fault->number);
	else if (fault->kind == FAULT_WRONG_TYPES || fault->kind == FAULT_DUPLICATES ||
	    point_at_records(p, l, pos->at, n, pos->since_us) == -1) {
		p->bytes = p->head.len;
		copy_records(p, s, l, pos->at, n, pos->since_us, fault);
	}
	pos->at = at;
}

int
page_build(struct page *p, struct store *s, struct store_list *l, const struct page_query *q,
    const struct fault *fault)
{
	struct position pos = {0};
	size_t limit = page_limit(q);
	char token[48];
	const char *next = token;
	int status;

	pthread_mutex_lock(&s->lock);
	status = find_start(p, s, l, q, limit, &pos);
	if (status != 0)
		goto out;
	pos.at = store_seek(l, pos.at, pos.since_us);
	buf_adds(&p->head, q->style == PAGE_LINK ? "[" : "{\"data\":[");
	add_piece(p, p->head.ptr, p->head.len);
	if (fault->kind == FAULT_EMPTY)
		pos.empties++;
	else
		add_records(p, s, l, limit, &pos, fault);
	token_format(s, l, &pos, token);
	if (fault->kind == FAULT_REPEAT_CURSOR && q->cursor != NULL)
		next = q->cursor;
	else if (pos.at >= l->count)
		next = NULL;
	write_tail(p, l, q, &pos, limit, next);
	add_piece(p, p->tail.ptr, p->tail.len);
	status = 200;
	if (p->head.failed || p->middle.failed || p->tail.failed ||
	    make_link(p, q, limit, next) == -1)
		status = 500;
out:
	pthread_mutex_unlock(&s->lock);
	return status;
}

int
page_set_text(struct page *p, const char *text, size_t len)
{
	buf_reset(&p->middle);
	p->count = 0;
	p->bytes = 0;
	if (buf_add(&p->middle, text, len) == -1)
		return -1;
	add_piece(p, p->middle.ptr, p->middle.len);
	return 0;
}

int
page_flatten(struct page *p)
{
	struct buf all;

	buf_init(&all, BODY_MAX);
	if (buf_reserve(&all, p->bytes) == NULL)
		return -1;
	for (unsigned i = 0; i < p->count; i++)
		buf_add(&all, p->pieces[i].iov_base, p->pieces[i].iov_len);
	buf_fini(&p->middle);
	p->middle = all;
	p->count = 0;
	p->bytes = 0;
	add_piece(p, all.ptr, all.len);
	return 0;
}
