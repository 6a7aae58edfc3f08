/* readout.c - see readout.h. */
#include "accept/readout.h"

#include <stdlib.h>
#include <string.h>

#include "accept/judge.h"
#include "data/value.h"
#include "data/view.h"

#define MIX UINT64_C(0x9e3779b97f4a7c15)

void
readout_init(struct readout *r, const struct plan_stream *plan, struct judge *judge)
{
	memset(r, 0, sizeof(*r));
	r->plan = plan;
	r->judge = judge;
	scan_init(&r->scan);
}

void
readout_fini(struct readout *r)
{
	for (size_t i = 0; i < r->npages; i++) {
		free(r->pages[i].token);
		free(r->pages[i].state);
	}
	for (size_t i = 0; i < r->nparts; i++) {
		free(r->parts[i].json);
		free(r->parts[i].last);
		free(r->parts[i].state);
	}
	free(r->pages);
	free(r->parts);
	free(r->records);
	scan_fini(&r->scan);
}

/* Room for one more of these; -1: no memory. */
static int
grow(void *array, size_t *cap, size_t n, size_t each)
{
	void **at = array, *grown;
	size_t more = *cap == 0 ? 64 : *cap * 2;

	if (n < *cap)
		return 0;
	grown = realloc(*at, more * each);
	if (grown == NULL)
		return -1;
	*at = grown;
	*cap = more;
	return 0;
}

static ab_status
no_memory(struct readout *r)
{
	return error_set(&r->error, AB_ENOMEM, "no memory for what was read");
}

static char *
copy(struct ab_str text)
{
	char *out = malloc(text.len + 1);

	if (out != NULL) {
		memcpy(out, text.ptr, text.len);
		out[text.len] = '\0';
	}
	return out;
}

static void
take_part(struct readout *r, const struct source_event *ev)
{
	if (grow(&r->parts, &r->cap_parts, r->nparts, sizeof(*r->parts)) != 0) {
		no_memory(r);
		return;
	}
	r->parts[r->nparts] = (struct readout_part){NULL, NULL, NULL};
	if (ev->text.len > 0 && (r->parts[r->nparts].json = copy(ev->text)) == NULL)
		no_memory(r);
	r->text += ev->text.len + sizeof(*r->parts);
	r->nparts++;
}

/* What is the same for all records of the page is a part of each; how many there are in all is not. */
static uint64_t
hash_constants(struct ab_str about)
{
	struct view_root root;
	struct ab_str span;
	uint64_t hash = 0;

	view_root_init(&root, 1u << 20);
	span = view_span(view_get(view_parse(&root, about.ptr, about.len, "about"), "constants"));
	if (root.error.status == AB_OK && span.len > 0)
		hash = value_hash(span.ptr, span.len) * MIX;
	view_root_fini(&root);
	return hash;
}

/* A record is its bytes and the page's constants. */
static int
add_records(struct readout *r, const struct source_event *ev, const char *page)
{
	uint64_t about = ev->about.len > 0 ? hash_constants(ev->about) : 0;

	for (size_t i = 0; i < r->scan.nrecords; i++) {
		const struct scan_record *rec = &r->scan.records[i];

		if (grow(&r->records, &r->cap_records, r->nrecords, sizeof(*r->records)) != 0)
			return -1;
		r->records[r->nrecords++] = value_hash(page + rec->off, rec->len) ^ about;
	}
	return 0;
}

/* What the judge keeps of it. */
static size_t
text_of_part(const struct readout_part *p)
{
	return (p->last != NULL ? strlen(p->last) : 0) + (p->state != NULL ? strlen(p->state) : 0);
}

static void
take_page(struct readout *r, struct act *a)
{
	const struct source_event *ev = &a->ev;
	struct readout_page *p;
	const char *page = act_page(a);
	struct error e = ERROR_INIT;

	if (page == NULL || grow(&r->pages, &r->cap_pages, r->npages, sizeof(*r->pages)) != 0) {
		no_memory(r);
		return;
	}
	if (scan_page(&r->scan, page, ev->bytes, &e) != AB_OK && r->judge != NULL &&
	    r->judge->json[0] == '\0')
		snprintf(r->judge->json, sizeof(r->judge->json), "page %zu: %.800s", r->npages + 1,
		    e.text);
	p = &r->pages[r->npages++];
	*p = (struct readout_page){.part = ev->part, .first = r->nrecords, .n = r->scan.nrecords};
	if ((ev->has_token && (p->token = copy(ev->token)) == NULL) ||
	    (ev->state.len > 0 && strcmp(ev->state.ptr, "null") != 0 &&
		(p->state = copy(ev->state)) == NULL) ||
	    add_records(r, ev, page) != 0)
		no_memory(r);
	r->text += (ev->has_token ? ev->token.len : 0) + ev->state.len;
	if (r->judge == NULL || ev->part >= r->nparts)
		return;
	r->text -= text_of_part(&r->parts[ev->part]);
	judge_page(r->judge, r, ev, page, &r->scan);
	r->text += text_of_part(&r->parts[ev->part]);
	/* where the connector has no update_state, the host's own state */
	if (ev->state.len == 0 && r->plan->sync_mode == PLAN_INCREMENTAL)
		p->state = readout_host_state(r->plan, r->parts[ev->part].last);
	if (ev->state.len == 0 && p->state != NULL)
		r->text += strlen(p->state);
}

static int
is_full(const struct readout *r)
{
	return r->nrecords >= READOUT_MAX_RECORDS || r->npages >= READOUT_MAX_PAGES ||
	    r->text >= READOUT_MAX_TEXT;
}

static void
cut_if_full(struct readout *r, const struct act *a, uint32_t index)
{
	if (!is_full(r) && r->error.status == AB_OK)
		return;
	r->is_cut = 1;
	source_cancel_read(a->source, index);
}

/* What comes after it was cut, or failed here, is let go. */
static void
take(struct readout *r, struct act *a, uint32_t index)
{
	struct source_event *ev = &a->ev;

	if (ev->type == SOURCE_PARTITION && !r->is_cut) {
		take_part(r, ev);
		cut_if_full(r, a, index);
	} else if (ev->type == SOURCE_PAGE && (r->is_cut || r->error.status != AB_OK)) {
		(void)act_page(a);
	} else if (ev->type == SOURCE_PAGE) {
		take_page(r, a);
		cut_if_full(r, a, index);
	} else if (ev->type == SOURCE_RESTART) {
		r->is_restarted = 1;
	}
}

static void
end(struct readout *r, struct act *a)
{
	r->is_done = 1;
	if (a->ev.type == SOURCE_FAILED && !(r->is_cut && a->ev.error.status == AB_ECANCELLED))
		error_set(&r->error, a->ev.error.status, "%s", a->ev.error.text);
	memcpy(r->missing, a->missing, sizeof(r->missing));
	memcpy(r->warned, a->warned, sizeof(r->warned));
}

void
readout_begin(struct readout *r, struct act *a, uint32_t index, const char *committed)
{
	if (act_read(a, index, r->plan->configured, committed != NULL ? committed : "[]") !=
	    AB_OK) {
		error_set(&r->error, a->error.status, "%s", a->error.text);
		r->is_done = 1;
	}
}

static int
all_done(const struct readout *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!r[i].is_done)
			return 0;
	return 1;
}

void
readouts_run(struct act *a, struct readout *r, size_t n)
{
	while (!all_done(r, n)) {
		int is_there = act_next(a, -1), is_end;

		is_end = a->ev.type == SOURCE_DONE || a->ev.type == SOURCE_FAILED;
		if (!is_there)
			a->ev = (struct source_event){
			    .type = SOURCE_FAILED, .stream = SOURCE_ALL, .error = a->error};
		for (size_t i = 0; i < n; i++) {
			if (r[i].is_done || (a->ev.stream != i && a->ev.stream != SOURCE_ALL))
				continue;
			if (is_end || !is_there)
				end(&r[i], a);
			else
				take(&r[i], a, (uint32_t)i);
		}
	}
}

void
readout_whole(struct readout *r, struct kit *k, const struct act_options *o, const char *committed)
{
	struct act a;

	if (act_open(&a, k, o) == AB_OK) {
		readout_begin(r, &a, 0, committed);
		readouts_run(&a, r, 1);
	} else {
		error_set(&r->error, a.error.status, "%s", a.error.text);
		memcpy(r->missing, a.missing, sizeof(r->missing));
		r->is_done = 1;
	}
	act_close(&a);
}

static int
compare_hashes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t *
readout_sorted(const struct readout *r)
{
	uint64_t *out = malloc((r->nrecords + 1) * sizeof(*out));

	if (out == NULL)
		return NULL;
	if (r->nrecords > 0)
		memcpy(out, r->records, r->nrecords * sizeof(*out));
	qsort(out, r->nrecords, sizeof(*out), compare_hashes);
	return out;
}

int
readout_same(const struct readout *a, const struct readout *b)
{
	uint64_t *x, *y;
	int same = -1;

	if (a->nrecords != b->nrecords)
		return 0;
	x = readout_sorted(a);
	y = readout_sorted(b);
	if (x != NULL && y != NULL)
		same = memcmp(x, y, a->nrecords * sizeof(*x)) == 0;
	free(x);
	free(y);
	return same;
}

char *
readout_host_state(const struct plan_stream *plan, const char *value)
{
	struct buf out, key;
	char *text = NULL;

	if (value == NULL || plan->cursor == NULL)
		return NULL;
	buf_init(&key, CURSOR_MAX_VALUE);
	buf_init(&out, 4 * CURSOR_MAX_VALUE);
	for (const char *const *p = plan->cursor; *p != NULL; p++)
		buf_addf(&key, "%s%s", p == plan->cursor ? "" : ".", *p);
	buf_addc(&out, '{');
	buf_add_json_string(&out, buf_str(&key), key.len);
	buf_addc(&out, ':');
	buf_adds(&out, value);
	buf_addc(&out, '}');
	if (!key.failed && !out.failed)
		text = buf_steal(&out);
	buf_fini(&key);
	buf_fini(&out);
	return text;
}
