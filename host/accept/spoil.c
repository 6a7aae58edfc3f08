/* spoil.c - see spoil.h. */
#include <config.h>

#include "accept/spoil.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static uint64_t
hash_of(const char *bytes, size_t n)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
	return hash;
}

static int
add_page(struct pages *p, const char *bytes, size_t n)
{
	size_t room = p->n < p->room ? p->room : 2 * p->room + 16;
	uint64_t *grown = p->hash;

	if (room > p->room) {
		grown = realloc(p->hash, room * sizeof(*grown));
		if (grown == NULL)
			return -1;
		p->hash = grown;
		p->room = room;
	}
	p->hash[p->n++] = hash_of(bytes, n);
	p->bytes += n;
	return 0;
}

void
pages_fini(struct pages *p)
{
	free(p->hash);
	*p = (struct pages){.hash = NULL};
}

int
pages_begin(const struct pages *a, const struct pages *b)
{
	return a->n <= b->n &&
	    (a->n == 0 || memcmp(a->hash, b->hash, a->n * sizeof(*a->hash)) == 0);
}

static int
is_full(const struct pages *p)
{
	return p->n >= SPOIL_PAGES || p->bytes >= SPOIL_BYTES;
}

/* What is still on its way when it is full is let go. */
static ab_status
take_page(struct act *a, size_t stream, struct pages *out)
{
	const char *bytes = act_page(a);

	if (bytes == NULL)
		return a->error.status;
	if (is_full(out))
		return AB_OK;
	if (add_page(out, bytes, a->ev.bytes) != 0)
		return error_set(&a->error, AB_ENOMEM, "no memory for pages");
	if (is_full(out))
		source_cancel_read(a->source, (uint32_t)stream);
	return AB_OK;
}

ab_status
spoil_read(struct act *a, size_t stream, struct pages *out)
{
	const struct plan_stream *p = &a->k->plan.streams[stream];
	ab_status rc = act_read(a, (uint32_t)stream, p->configured, "[]");

	while (rc == AB_OK && act_next(a, -1)) {
		if (a->ev.type == SOURCE_DONE)
			return AB_OK;
		if (a->ev.type == SOURCE_PAGE)
			rc = take_page(a, stream, out);
		else if (a->ev.type == SOURCE_FAILED)
			break;
	}
	if (rc == AB_OK && is_full(out) && a->error.status == AB_ECANCELLED && !accept_stopped())
		error_clear(&a->error);
	return rc != AB_OK ? rc : a->error.status;
}

/* "00012.json" */
static int
is_answer(const struct dirent *d)
{
	size_t digits = strspn(d->d_name, "0123456789");

	return digits >= 5 && digits < 10 && strcmp(d->d_name + digits, ".json") == 0;
}

/* Of many the first, the last and some in between. */
static ab_status
find_answers(struct spoil *s, const struct kit *k, struct error *e)
{
	struct dirent **names = NULL;
	int n = scandir(k->fixtures, &names, is_answer, alphasort);

	if (n < 0)
		return error_set(e, AB_ECONFIG, "cannot list %s", k->fixtures);
	s->recorded = (unsigned)n;
	s->count = s->recorded < SPOIL_MOST ? s->recorded : SPOIL_MOST;
	for (unsigned i = 0; i < s->count; i++) {
		unsigned at = s->count > 1 ? i * (s->recorded - 1) / (s->count - 1) : 0;

		s->number[i] = (uint32_t)strtoul(names[at]->d_name, NULL, 10);
	}
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return AB_OK;
}

/* AB_OK also where what was asked for is not in the fixtures, and then *missing. */
static ab_status
allow(const struct act *a, ab_status rc, int *missing)
{
	*missing = rc == AB_ECONFIG && strstr(a->error.text, "is not in the recording") != NULL;
	return *missing ? AB_OK : rc;
}

static ab_status
read_good(struct spoil *s, struct kit *k, struct error *e)
{
	const struct act_options o = {.look = leak_look, .ctx = s};
	struct act a;
	ab_status rc = act_open(&a, k, &o);

	s->streams = k->plan.n;
	s->good = calloc(s->streams + 1, sizeof(*s->good));
	if (s->good == NULL)
		rc = error_set(&a.error, AB_ENOMEM, "no memory for pages");
	if (rc == AB_OK)
		rc = allow(&a, act_check(&a), &s->no_check);
	s->broken = a.broken;
	if (rc == AB_OK)
		rc = allow(&a, act_streams(&a, NULL, NULL), &s->no_streams);
	for (size_t i = 0; i < s->streams && rc == AB_OK; i++)
		rc = allow(&a, spoil_read(&a, i, &s->good[i]), &s->good[i].is_missing);
	if (rc != AB_OK)
		error_set(e, rc, "%s", a.error.text);
	act_close(&a);
	return rc;
}

static struct spoil *
spoil_new(struct kit *k, struct error *e)
{
	struct spoil *s = calloc(1, sizeof(*s));

	if (s == NULL || leak_find(s, k) != 0)
		error_set(e, AB_ENOMEM, "no memory");
	else if ((*k->fixtures == '\0' || find_answers(s, k, e) == AB_OK) &&
	    read_good(s, k, e) == AB_OK)
		return s;
	spoil_free(s);
	return NULL;
}

struct spoil *
spoil_of(struct kit *k, struct error *e)
{
	if (k->spoil == NULL)
		k->spoil = spoil_new(k, e);
	return k->spoil;
}

ab_status
spoil_all(struct act *a)
{
	const struct spoil *s = spoil_of(a->k, &a->error);
	struct pages ignored = {.hash = NULL};
	ab_status rc = s == NULL ? a->error.status : AB_OK;

	if (rc == AB_OK && !s->no_check)
		rc = act_check(a);
	if (rc == AB_OK && !s->no_streams)
		rc = act_streams(a, NULL, NULL);
	for (size_t i = 0; rc == AB_OK && i < s->streams; i++)
		if (!s->good[i].is_missing)
			rc = spoil_read(a, i, &ignored);
	pages_fini(&ignored);
	return rc;
}

void
spoil_free(struct spoil *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; s->good != NULL && i < s->streams; i++)
		pages_fini(&s->good[i]);
	free(s->good);
	leak_free(s);
	free(s);
}
