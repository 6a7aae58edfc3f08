/* beside.c - see beside.h. */
#include "data/beside.h"

#include <stdlib.h>
#include <string.h>

#include "data/lines.h"

#define TEXTS_MAX  ((size_t)UINT32_MAX - 1)
#define KEEP_BYTES ((size_t)1 << 20)
#define KEEP_COUNT ((size_t)1 << 16)
#define YEAR_10000 253402300800000u
/* In seconds from 2001 on; in milliseconds from before there was such a protocol. */
#define LEAST_SECONDS 1000000000
#define MOST_SECONDS  100000000000

void
beside_init(struct beside_list *l)
{
	*l = (struct beside_list){0};
	buf_init(&l->texts, TEXTS_MAX);
}

void
beside_fini(struct beside_list *l)
{
	free(l->of);
	buf_fini(&l->texts);
	beside_init(l);
}

void
beside_reset(struct beside_list *l)
{
	if (l->cap > KEEP_COUNT || l->texts.cap > KEEP_BYTES)
		beside_fini(l);
	l->n = 0;
	l->texts.len = 0;
}

/* Room for n entries in all. */
static int
reserve(struct beside_list *l, size_t n)
{
	size_t cap = l->cap + l->cap / 2 + 64;
	struct beside *of;

	if (n <= l->cap)
		return 0;
	cap = cap < n ? n : cap;
	of = realloc(l->of, cap * sizeof(*of));
	if (of == NULL)
		return -1;
	l->of = of;
	l->cap = cap;
	return 0;
}

int
beside_add(struct beside_list *l, int64_t emitted_ms, struct ab_str changes)
{
	if (reserve(l, l->n + 1) != 0 ||
	    (changes.len > 0 && buf_add(&l->texts, changes.ptr, changes.len) != 0))
		return -1;
	l->of[l->n++] = (struct beside){
	    emitted_ms, (uint32_t)(l->texts.len - changes.len), (uint32_t)changes.len};
	return 0;
}

static int
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct ab_str
changes_of(struct ab_str meta)
{
	struct ab_str list = line_get(meta, "changes");

	if (list.len < 2 || list.ptr[0] != '[')
		return (struct ab_str){"", 0};
	list.ptr++;
	list.len -= 2;
	for (; list.len > 0 && is_space(list.ptr[0]); list.ptr++)
		list.len--;
	while (list.len > 0 && is_space(list.ptr[list.len - 1]))
		list.len--;
	return list;
}

int
beside_add_record(struct beside_list *l, int64_t emitted_ms, struct ab_str meta)
{
	if (emitted_ms >= LEAST_SECONDS && emitted_ms < MOST_SECONDS)
		emitted_ms *= 1000; /* as PyAirbyte sends it from its cache */
	if ((uint64_t)emitted_ms >= YEAR_10000)
		emitted_ms = BESIDE_NEVER;
	if (meta.len > 0 || l->n == l->cap)
		return beside_add(l, emitted_ms, changes_of(meta));
	l->of[l->n++] = (struct beside){emitted_ms, (uint32_t)l->texts.len, 0};
	return 0;
}

/* Where the changes of the first n end. */
static size_t
texts_end(const struct beside_list *l, size_t n)
{
	return n == 0 ? 0 : (size_t)l->of[n - 1].off + l->of[n - 1].len;
}

int
beside_copy(struct beside_list *to, const struct beside_list *from, size_t n)
{
	beside_reset(to);
	if (reserve(to, n) != 0 || buf_add(&to->texts, from->texts.ptr, texts_end(from, n)) != 0)
		return -1;
	if (n > 0)
		memcpy(to->of, from->of, n * sizeof(*to->of));
	to->n = n;
	return 0;
}

void
beside_drop(struct beside_list *l, size_t n)
{
	size_t end = texts_end(l, n);

	if (n == l->n) {
		beside_reset(l);
		return;
	}
	memmove(l->of, l->of + n, (l->n - n) * sizeof(*l->of));
	l->n -= n;
	if (end == 0)
		return;
	memmove(l->texts.ptr, l->texts.ptr + end, l->texts.len - end);
	l->texts.len -= end;
	for (size_t i = 0; i < l->n; i++)
		l->of[i].off -= (uint32_t)end;
}

struct ab_str
beside_changes(const struct beside_list *l, size_t i)
{
	if (l->of[i].len == 0)
		return (struct ab_str){"", 0};
	return (struct ab_str){l->texts.ptr + l->of[i].off, l->of[i].len};
}

const char *
beside_time(struct beside_clock *c, int64_t emitted_ms)
{
	char *at = c->text + strlen("2026-11-24T23:59:59.");
	unsigned ms;

	if (emitted_ms == c->at_ms && c->text[0] != '\0')
		return c->text;
	c->at_ms = emitted_ms;
	if (c->text[0] == '\0' || (uint64_t)(emitted_ms - c->since_ms) >= 1000) {
		c->since_ms = emitted_ms - emitted_ms % 1000;
		clock_format(c->since_ms * 1000, c->text);
	}
	ms = (unsigned)(emitted_ms - c->since_ms);
	at[0] = (char)('0' + ms / 100);
	at[1] = (char)('0' + ms / 10 % 10);
	at[2] = (char)('0' + ms % 10);
	return c->text;
}
