/* The lists behind the fake API.  Must never move a record's bytes or reorder a list once it is served. */
#include "store.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)4 << 20)
#define FIRST_US    INT64_C(1704067200000000) /* 2024-01-01T00:00:00Z */
#define STEP_US	    INT64_C(250000)

/* Of ten records in a row, these take the same step of the clock as the one before: ties of two and three. */
static const unsigned char tie_steps[10] = {1, 0, 0, 1, 1, 1, 0, 1, 1, 0};

static uint64_t
store_random(struct store *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

void
store_init(struct store *s, uint64_t seed)
{
	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	s->seed = seed;
	s->random = seed * 2 + 1;
}

void
store_fini(struct store *s)
{
	for (size_t i = 0; i < s->nlists; i++) {
		free(s->lists[i].name);
		free(s->lists[i].records);
	}
	free(s->lists);
	while (s->chunks != NULL) {
		struct store_chunk *next = s->chunks->next;

		free(s->chunks);
		s->chunks = next;
	}
	pthread_mutex_destroy(&s->lock);
}

struct store_list *
store_add_list(struct store *s, const char *name, enum render_shape shape)
{
	struct store_list *lists = realloc(s->lists, (s->nlists + 1) * sizeof(*lists));
	struct store_list *l;

	if (lists == NULL)
		return NULL;
	s->lists = lists;
	l = &lists[s->nlists];
	memset(l, 0, sizeof(*l));
	l->shape = shape;
	l->is_sorted = 1;
	l->last_us = FIRST_US - STEP_US;
	l->name = strdup(name);
	if (l->name == NULL)
		return NULL;
	s->nlists++;
	return l;
}

struct store_list *
store_find(struct store *s, const char *name, size_t len)
{
	for (size_t i = 0; i < s->nlists; i++)
		if (strlen(s->lists[i].name) == len && memcmp(s->lists[i].name, name, len) == 0)
			return &s->lists[i];
	return NULL;
}

/* Room for n bytes in one piece, or NULL. */
static char *
store_room(struct store *s, size_t n)
{
	struct store_chunk *chunk;
	size_t want = n > CHUNK_BYTES ? n : CHUNK_BYTES;

	if ((size_t)(s->end - s->at) >= n)
		return s->at;
	chunk = malloc(sizeof(*chunk) + want);
	if (chunk == NULL)
		return NULL;
	chunk->next = s->chunks;
	s->chunks = chunk;
	s->at = chunk->bytes;
	s->end = s->at + want;
	return s->at;
}

static struct store_record *
list_append(struct store_list *l)
{
	if (l->count == l->cap) {
		size_t cap = l->cap == 0 ? 1024 : l->cap * 2;
		struct store_record *records = realloc(l->records, cap * sizeof(*records));

		if (records == NULL)
			return NULL;
		l->records = records;
		l->cap = cap;
	}
	return &l->records[l->count++];
}

static int
store_put(
    struct store *s, struct store_list *l, uint32_t id, int64_t created_us, int64_t updated_us)
{
	struct render_facts facts = {s->seed, id, created_us, updated_us};
	char *start = store_room(s, RENDER_MAX + 1), *end;
	struct store_record *r;

	if (start == NULL || (r = list_append(l)) == NULL)
		return -1;
	end = render_record(start, l->shape, &facts);
	r->bytes = start;
	r->len = (uint32_t)(end - start);
	r->id = id;
	r->updated_us = updated_us;
	*end = ',';
	s->at = end + 1;
	return 0;
}

static int64_t
created_at(uint32_t id)
{
	return FIRST_US - (int64_t)(id % 100000) * 60000000;
}

static int64_t
next_time(struct store_list *l, int is_tie)
{
	unsigned step = tie_steps[l->ticks++ % 10];

	if (!is_tie || l->last_us < FIRST_US)
		l->last_us += l->last_us < FIRST_US ? STEP_US : (int64_t)step * STEP_US;
	return l->last_us;
}

int
store_add_records(struct store *s, struct store_list *l, size_t n, int is_tie)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t id = ++l->last_id;
		int64_t us = next_time(l, is_tie && i == 0);

		if (store_put(s, l, id, created_at(id), us) == -1)
			return -1;
	}
	return 0;
}

/* A dead record at random, or one that is alive: the position where luck ends. */
static size_t
random_alive(struct store *s, const struct store_list *l)
{
	size_t first = store_random(s) % l->count;

	for (size_t i = 0; i < l->count; i++)
		if (l->records[(first + i) % l->count].bytes != NULL)
			return (first + i) % l->count;
	return l->count;
}

static void
kill_copies(struct store_list *l, uint32_t id)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->records[i].id == id && l->records[i].bytes != NULL) {
			l->records[i].bytes = NULL;
			l->dead++;
		}
}

int
store_change_records(struct store *s, struct store_list *l, size_t n)
{
	for (size_t i = 0; i < n && l->count > 0; i++) {
		size_t at = random_alive(s, l);
		uint32_t id;

		if (at == l->count)
			return 0;
		id = l->records[at].id;
		kill_copies(l, id);
		l->last_us += STEP_US; /* never its old updated_at again */
		if (store_put(s, l, id, created_at(id), l->last_us) == -1)
			return -1;
	}
	return 0;
}

int
store_add_text(struct store *s, struct store_list *l, const char *text, size_t len)
{
	char *start = store_room(s, len + 1);
	struct store_record *r;

	if (start == NULL || (r = list_append(l)) == NULL)
		return -1;
	memcpy(start, text, len);
	start[len] = ',';
	s->at = start + len + 1;
	r->bytes = start;
	r->len = (uint32_t)len;
	r->id = ++l->last_id;
	r->updated_us = FIRST_US;
	return 0;
}

void
store_shuffle(struct store *s, struct store_list *l)
{
	for (size_t i = l->count; i > 1; i--) {
		size_t other = store_random(s) % i;
		struct store_record swap = l->records[i - 1];

		l->records[i - 1] = l->records[other];
		l->records[other] = swap;
	}
	l->is_sorted = 0;
}

int
store_repeat(struct store *s, struct store_list *l, unsigned percent, size_t distance)
{
	struct store_list twice = {0};

	for (size_t i = 0; i < l->count; i++) {
		size_t back = store_random(s) % ((distance < i ? distance : i) + 1);
		struct store_record *r = list_append(&twice);

		if (r == NULL)
			goto fail;
		*r = l->records[i];
		if (store_random(s) % 100 >= percent)
			continue;
		if ((r = list_append(&twice)) == NULL)
			goto fail;
		*r = l->records[i - back];
	}
	free(l->records);
	l->records = twice.records;
	l->count = twice.count;
	l->cap = twice.cap;
	l->is_sorted = 0;
	return 0;
fail:
	free(twice.records);
	return -1;
}

static size_t
seek_sorted(const struct store_list *l, size_t from, int64_t since_us)
{
	size_t low = from, high = l->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->records[middle].updated_us < since_us)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t
store_seek(const struct store_list *l, size_t from, int64_t since_us)
{
	if (l->is_sorted && from < l->count && l->records[from].updated_us < since_us)
		from = seek_sorted(l, from, since_us);
	while (from < l->count &&
	    (l->records[from].bytes == NULL || l->records[from].updated_us < since_us))
		from++;
	return from;
}

/* Nothing is left out behind the first record that fits: positions can be reckoned. */
static int
is_plain(const struct store_list *l, int64_t since_us)
{
	return l->dead == 0 && (l->is_sorted || since_us == INT64_MIN);
}

size_t
store_count(const struct store_list *l, int64_t since_us)
{
	size_t n = 0, at = store_seek(l, 0, since_us);

	if (is_plain(l, since_us))
		return l->count - at;
	for (; at < l->count; at = store_seek(l, at + 1, since_us))
		n++;
	return n;
}

size_t
store_skip(const struct store_list *l, int64_t since_us, uint64_t n)
{
	size_t at = store_seek(l, 0, since_us);

	if (is_plain(l, since_us))
		return n < l->count - at ? at + (size_t)n : l->count;
	while (n-- > 0 && at < l->count)
		at = store_seek(l, at + 1, since_us);
	return at;
}

char *
store_render_as(
    const struct store *s, char *out, const struct store_record *r, enum render_shape shape)
{
	struct render_facts facts = {s->seed, r->id, created_at(r->id), r->updated_us};

	return render_record(out, shape, &facts);
}
