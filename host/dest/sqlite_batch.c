/* sqlite_batch.c - append_dedup: collects records and upserts them in the order of their keys.
 *
 * Records come in the order in which they changed, so their keys lie all over the table: one by one, each
 * would read, journal and write a page of its own.  In key order the records of a batch that lie on one page
 * meet it together: four to nine times faster, and no big cache is needed.
 *
 * Records with equal keys must stay in the order in which they came, so whatever is equal as a key must be
 * equal here; what differs may be equal too.  Each stream has a batch of its own, within one transaction, and all have
 * one budget: when it is used up, the largest is written.  A batch is also written before anything else happens to its
 * table.  Pages whose keys ascend anyway, as in a first load, need not wait. */
#include "dest/sqlite.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "data/value.h"

#define BATCH_BYTES ((size_t)6 << 20) /* unless somebody knows better */
#define MOST_BYTES  ((size_t)1 << 30)
#define LARGE_PAGE \
	((size_t)1 << 20) /* its records are so long that few of a batch would share a page */
#define CHUNK_BYTES ((size_t)128 << 10)
#define MAX_STAMPS  8192

struct sqlite_entry {
	uint64_t key;
	uint32_t off, len; /* the record's bytes */
	uint32_t stamp;	   /* of the page that it came with */
	uint32_t place;	   /* in the order of arrival */
};

void
sqlite_batches_init(struct sqlite *d)
{
	struct sqlite_batches *all = &d->batches;

	*all = (struct sqlite_batches){.most = BATCH_BYTES};
	buf_init(&all->chunk, MOST_BYTES);
	beside_init(&all->beside);
	scan_init(&all->scan);
}

void
sqlite_batches_fini(struct sqlite *d)
{
	buf_fini(&d->batches.chunk);
	beside_fini(&d->batches.beside);
	scan_fini(&d->batches.scan);
	free(d->batches.rows);
}

/* What n records cost beside their bytes: when the batch is written, each has a stamp besides. */
static size_t
entry_bytes(size_t n)
{
	return n * (sizeof(struct sqlite_entry) + sizeof(const char *));
}

static size_t
batch_bytes(const struct sqlite_batch *b)
{
	return b->bytes.len + entry_bytes(b->nentries) + beside_bytes(&b->beside) +
	    b->nstamps * sizeof(*b->stamps);
}

void
sqlite_batch_drop(struct sqlite_stream *s)
{
	struct sqlite_batch *b = &s->batch;

	s->d->batches.held -= batch_bytes(b);
	buf_fini(&b->bytes);
	beside_fini(&b->beside);
	free(b->entries);
	free(b->stamps);
	*b = (struct sqlite_batch){0};
}

/* Empty, and ready for more; its memory stays where it is the only one. */
static void
empty(struct sqlite_stream *s)
{
	struct sqlite_batch *b = &s->batch;

	if (s->d->batches.held > batch_bytes(b)) {
		sqlite_batch_drop(s);
		return;
	}
	s->d->batches.held = 0;
	buf_reset(&b->bytes);
	beside_reset(&b->beside);
	b->nentries = b->nstamps = 0;
}

static size_t
page_bytes(const struct dest_page *page)
{
	const struct scan *s = page->scan;
	const struct scan_record *last = &s->records[s->nrecords - 1];

	return page->first >= s->nrecords ? 0 : last->off + last->len - s->records[page->first].off;
}

static size_t
page_beside(const struct dest_page *page)
{
	return page->beside == NULL ? 0 : beside_bytes(page->beside);
}

int
sqlite_batch_takes(const struct sqlite_stream *s, const struct dest_page *page)
{
	return s->spec.mode == DEST_APPEND_DEDUP && s->spec.primary_key[0][1] == NULL &&
	    page->about == NULL && page->scan->nrecords > page->first &&
	    page_bytes(page) + page_beside(page) < LARGE_PAGE;
}

static uint64_t
key_of_real(double real)
{
	uint64_t bits;

	real = real == 0 ? 0 : real; /* -0 is 0 */
	memcpy(&bits, &real, sizeof(bits));
	return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

/* The first bytes, so that memcmp's order is the numbers'. */
static int
key_of_text(struct arena *arena, const struct scan_field *f, const char *bytes, uint64_t *key)
{
	const char *text = bytes + f->val;
	size_t len = f->vlen;
	char *plain;
	int lossy;

	if (f->flags & SCAN_ESCAPED) {
		arena_reset(arena);
		plain = arena_alloc(arena, len + 1);
		if (plain == NULL)
			return -1;
		len = value_unescape(text, len, plain, &lossy);
		text = plain;
	}
	for (size_t i = 0; i < sizeof(*key); i++)
		*key = *key << 8 | (i < len ? (unsigned char)text[i] : 0);
	return 0;
}

static int
key_of(struct sqlite *d, const struct scan_field *f, const char *bytes, enum shape_type type,
    uint64_t *key)
{
	int64_t i;
	double real;

	*key = 0;
	if (f == NULL || f->type == SCAN_NULL)
		return 0;
	switch (type) {
	case SHAPE_INTEGER:
		if (shape_int(bytes + f->val, f->vlen, &i) == 0)
			*key = (uint64_t)i ^ (uint64_t)1 << 63;
		return 0;
	case SHAPE_NUMBER:
		value_real(bytes + f->val, f->vlen, &real);
		*key = key_of_real(real);
		return 0;
	case SHAPE_BOOLEAN:
		*key = f->type == SCAN_TRUE;
		return 0;
	default:
		return key_of_text(&d->rows.text, f, bytes, key);
	}
}

/* Room for n more entries, for one more stamp. */
static int
grow(struct sqlite_batch *b, size_t n)
{
	struct sqlite_entry *entries;
	struct sqlite_stamp *stamps;

	if (b->nentries + n > b->cap_entries) {
		entries = realloc(b->entries, (b->nentries + n) * 3 / 2 * sizeof(*entries));
		if (entries == NULL)
			return -1;
		b->entries = entries;
		b->cap_entries = (b->nentries + n) * 3 / 2;
	}
	if (b->nstamps == b->cap_stamps) {
		stamps = realloc(b->stamps, (b->cap_stamps * 2 + 16) * sizeof(*stamps));
		if (stamps == NULL)
			return -1;
		b->stamps = stamps;
		b->cap_stamps = b->cap_stamps * 2 + 16;
	}
	return 0;
}

/* Makes the entries of a page's n records, those that are dropped left out; their bytes will lie behind the batch's.
 * 1: their keys ascend, from beyond s->top. */
static int
add_entries(struct sqlite_stream *s, const struct dest_page *page, size_t n)
{
	struct sqlite *d = s->d;
	struct sqlite_batch *b = &s->batch;
	const char *name = s->spec.primary_key[0][0], *bytes = page->bytes;
	uint32_t col = shape_find(&s->shape, name, strlen(name));
	const struct scan_record *r = page->scan->records + page->first;
	size_t base = b->bytes.len - r->off;
	struct sqlite_entry *entry = b->entries + b->nentries;
	uint64_t before = s->top;
	int ascend = 1;

	for (size_t i = 0, at = page->first; i < n; at++, r++) {
		const struct scan_field *f;

		if (d->rows.fit.marks[at] & SHAPE_DROPPED)
			continue;
		shape_row_move(&d->rows.row, &d->rows.fit, at);
		f = shape_cell(&d->rows.row, &d->rows.fit, col, &bytes);
		*entry = (struct sqlite_entry){.off = (uint32_t)(base + r->off),
		    .len = r->len,
		    .stamp = (uint32_t)b->nstamps,
		    .place = (uint32_t)(b->nentries + i++)};
		if (key_of(d, f, bytes, (enum shape_type)s->shape.cols[col].type, &entry->key) != 0)
			return -1;
		ascend &= entry->key > before;
		before = entry++->key;
	}
	return ascend;
}

/* What is said beside the records that are not dropped; a stream's pages all have it, or none has. */
static int
add_beside(struct sqlite_stream *s, const struct dest_page *page)
{
	const uint8_t *marks = s->d->rows.fit.marks;
	const struct beside_list *from = page->beside;

	for (size_t i = page->first; from != NULL && i < page->scan->nrecords; i++)
		if (!(marks[i] & SHAPE_DROPPED) &&
		    beside_add(&s->batch.beside, from->of[i].emitted_ms, beside_changes(from, i)) !=
			0)
			return -1;
	return 0;
}

ab_status
sqlite_batch_add(
    struct sqlite_stream *s, const struct dest_page *page, int *in_order, struct error *e)
{
	struct sqlite_batch *b = &s->batch;
	struct sqlite_rows *rows = &s->d->rows;
	size_t n = page->scan->nrecords - page->first - rows->fit.dropped;
	size_t had = batch_bytes(b);
	struct sqlite_stamp *stamp;
	int ascend = -1;

	*in_order = 0;
	if (n == 0)
		return AB_OK;
	if (grow(b, n) == 0 && shape_row_begin(&rows->row, &rows->fit, s->shape.ncols) == 0)
		ascend = add_entries(s, page, n);
	*in_order = ascend == 1 && b->nentries == 0;
	if (*in_order) {
		s->top = b->entries[n - 1].key;
		return AB_OK;
	}
	b->bytes.max = b->beside.texts.max = MOST_BYTES;
	if (ascend == -1 ||
	    buf_add(&b->bytes, page->bytes + page->scan->records[page->first].off,
		page_bytes(page)) != 0 ||
	    add_beside(s, page) != 0) {
		s->d->batches.held += batch_bytes(b) - had; /* some of it may be there */
		return error_set(e, AB_ENOMEM, "no memory for a batch of records");
	}
	stamp = &b->stamps[b->nstamps++];
	stamp->us = page->extracted_us;
	clock_format(stamp->us, stamp->text);
	b->nentries += n;
	s->d->batches.held += batch_bytes(b) - had;
	return AB_OK;
}

static int
compare(const void *x, const void *y)
{
	const struct sqlite_entry *a = x, *b = y;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->place < b->place ? -1 : a->place > b->place;
}

/* Puts entries from first on together as a page; returns how many, 0: no memory. */
static size_t
gather(const struct sqlite_batch *b, struct sqlite_batches *all, size_t first)
{
	size_t n = 0;

	buf_reset(&all->chunk);
	beside_reset(&all->beside);
	for (; first + n < b->nentries && all->chunk.len + all->beside.texts.len < CHUNK_BYTES;
	     n++) {
		const struct sqlite_entry *entry = &b->entries[first + n];

		buf_add(&all->chunk, b->bytes.ptr + entry->off, entry->len);
		buf_addc(&all->chunk, '\n');
		all->rows[n] = &b->stamps[entry->stamp];
		if (b->beside.n > 0 &&
		    beside_add(&all->beside, b->beside.of[entry->place].emitted_ms,
			beside_changes(&b->beside, entry->place)) != 0)
			return 0;
	}
	return n;
}

static ab_status
write_chunk(struct sqlite_stream *s, struct error *e)
{
	static const char padding[SCAN_PADDING];
	struct sqlite_batches *all = &s->d->batches;
	struct sqlite_rows *rows = &s->d->rows;
	size_t len = all->chunk.len;
	struct dest_page page = {
	    .scan = &all->scan, .beside = all->beside.n == 0 ? NULL : &all->beside};

	buf_add(&all->chunk, padding, sizeof(padding));
	if (all->chunk.failed)
		return error_set(e, AB_ENOMEM, "no memory for a batch of records");
	page.bytes = all->chunk.ptr;
	if (scan_page(&all->scan, page.bytes, len, e) != AB_OK ||
	    shape_fit(&s->shape, &rows->fit, &page, e) != AB_OK)
		return e->status;
	rows->stamps = all->rows;
	return sqlite_stream_insert(s, e);
}

/* A chunk may hold as many records as the batch. */
static int
grow_rows(struct sqlite_batches *all, size_t n)
{
	if (all->cap_rows >= n)
		return 0;
	free(all->rows);
	all->rows = malloc(n * 3 / 2 * sizeof(*all->rows));
	all->cap_rows = all->rows == NULL ? 0 : n * 3 / 2;
	return all->rows == NULL ? -1 : 0;
}

ab_status
sqlite_batch_flush(struct sqlite_stream *s, struct error *e)
{
	struct sqlite_batch *b = &s->batch;
	ab_status rc = AB_OK;

	if (b->nentries == 0)
		return AB_OK;
	if (grow_rows(&s->d->batches, b->nentries) != 0)
		return error_set(e, AB_ENOMEM, "no memory for a batch of records");
	qsort(b->entries, b->nentries, sizeof(*b->entries), compare);
	for (size_t at = 0; at < b->nentries && rc == AB_OK;) {
		size_t n = gather(b, &s->d->batches, at);

		at += n;
		rc = n == 0 ? error_set(e, AB_ENOMEM, "no memory for a batch of records")
			    : write_chunk(s, e);
	}
	empty(s);
	return rc;
}

ab_status
sqlite_batch_flush_all(struct sqlite *d, struct error *e)
{
	ab_status rc = AB_OK;

	for (struct sqlite_stream *s = d->live; s != NULL && rc == AB_OK; s = s->next_live)
		rc = sqlite_batch_flush(s, e);
	return rc;
}

ab_status
sqlite_batch_make_room(struct sqlite_stream *s, const struct dest_page *page, struct error *e)
{
	struct sqlite *d = s->d;
	ab_status rc = s->batch.nstamps < MAX_STAMPS ? AB_OK : sqlite_batch_flush(s, e);
	size_t more =
	    page_bytes(page) + page_beside(page) + entry_bytes(page->scan->nrecords - page->first);

	while (rc == AB_OK && d->batches.held > 0 && d->batches.held + more > d->batches.most) {
		struct sqlite_stream *largest = d->live;

		for (struct sqlite_stream *one = d->live; one != NULL; one = one->next_live)
			if (batch_bytes(&one->batch) > batch_bytes(&largest->batch))
				largest = one;
		rc = sqlite_batch_flush(largest, e);
		/* what was taken in of another stream cannot be refused any more: a failure is the destination's, and
		 * must not look like this one's, which would be dropped alone */
		if (rc != AB_OK && largest != s)
			rc = e->status = AB_ETRANSIENT;
	}
	return rc;
}
