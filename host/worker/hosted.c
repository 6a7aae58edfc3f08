/* hosted.c - see hosted.h. */
#include "worker/hosted.h"

#include <stdlib.h>
#include <string.h>

#include "base/redact.h"
#include "net/cassette.h"
#include "worker/strict.h"

#define VIEWS_MAX ((size_t)256 << 20) /* memory of the views of one call */

ab_status
hosted_init(struct hosted *s, struct uplink *up, struct chan_crumb *crumb, struct error *e)
{
	*s = (struct hosted){.crumb = crumb, .page_cap = up->chan.slot_bytes};
	s->host = (struct ab_host){.size = sizeof(s->host), .abi = AB_ABI, .priv = s};
	s->table = &s->host;
	services_fill(&s->host);
	services_fill_http(&s->host);
	services_fill_emit(&s->host);
	view_root_init(&s->config_root, VIEWS_MAX);
	view_root_init(&s->root, VIEWS_MAX);
	view_root_init(&s->scratch, VIEWS_MAX);
	s->catalog.hosted = s;
	s->state.hosted = s;
	buf_init(&s->state.text, CHAN_MAX_TEXT / 2);
	page_init(&s->page, s, s->page_cap);
	return uplink_lane_init(&s->lane, up, e);
}

void
hosted_fini(struct hosted *s)
{
	if (s->lane.up == NULL)
		return;
	hosted_release(s);
	services_free_responses(s, 1);
	uplink_on_cancel(&s->lane, NULL, NULL);
	http_free(s->http);
	arena_fini(&s->lent);
	if (s->owns_cassette)
		cassette_free(s->cassette);
	page_fini(&s->page);
	buf_fini(&s->state.text);
	view_root_fini(&s->config_root);
	view_root_fini(&s->root);
	view_root_fini(&s->scratch);
	uplink_lane_fini(&s->lane);
}

void
hosted_begin(struct hosted *s, const char *function, const char *stream, uint64_t page)
{
	error_clear(&s->why);
	error_clear(&s->broken);
	error_clear(&s->root.error);
	error_clear(&s->config_root.error);
	s->why_is_hosts = 0;
	crumb_enter(s->crumb, function, stream, page);
	if (s->is_strict)
		strict_begin(s);
}

const void *
hosted_lend(struct hosted *s, const void *bytes, size_t n)
{
	const void *copy = s->is_strict && bytes != NULL ? arena_dup(&s->lent, bytes, n) : NULL;

	return copy != NULL ? copy : bytes;
}

const char *
hosted_lend_text(struct hosted *s, const char *text)
{
	return s->is_strict && text != NULL ? hosted_lend(s, text, strlen(text)) : text;
}

static int
is_known(ab_status rc)
{
	return rc <= AB_OK && rc >= AB_ESTALE;
}

/* What the call left behind that makes it a failure, even where it returned AB_OK. */
static const struct error *
find_broken(const struct hosted *s)
{
	const struct error *all[] = {&s->broken, &s->root.error, &s->config_root.error};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i]->status != AB_OK)
			return all[i];
	return NULL;
}

ab_status
hosted_end(struct hosted *s, ab_status rc)
{
	const struct error *broken;

	crumb_leave(s->crumb);
	if (s->is_strict)
		strict_end(s, &s->broken);
	broken = find_broken(s);
	s->page.open = s->state.open = s->catalog.open = 0;
	if (broken != NULL) {
		s->why = *broken;
	} else if (!is_known(rc)) {
		error_clear(&s->why);
		error_set(&s->why, AB_EBUG, "returned %d, which is no status", rc);
	} else if (rc == AB_ECANCELLED && !uplink_cancelled(&s->lane)) {
		error_clear(&s->why);
		error_set(&s->why, AB_EBUG, "returned that it was cancelled, and it was not");
	} else if (rc != AB_OK && s->why.status == AB_OK) {
		error_set(&s->why, rc,
		    rc == AB_ECANCELLED ? "cancelled" : "failed (%s) without saying why",
		    error_word(rc));
	} else {
		s->why.status = rc;
	}
	redact_text(s->why.text);
	return s->why.status;
}

/* The memory of a body is kept for the next one; many lanes together must not keep much more than they may use.  Those
 * that there might be keep nothing: one lane alone would have all its memory mapped anew for each page. */
static void
trim(struct hosted *s)
{
	const struct uplink *u = s->lane.up;
	uint32_t lanes = atomic_load(&u->lanes);

	if (u->budget.memory > 0 && lanes > 1)
		http_trim(s->http, u->budget.memory / lanes / 2);
}

void
hosted_release(struct hosted *s)
{
	page_drop(&s->page);
	services_free_responses(s, 0);
	trim(s);
	view_root_reset(&s->root);
	view_root_reset(&s->scratch);
}

ab_status
hosted_failed(struct hosted *s, const struct error *e)
{
	s->why = *e;
	s->why_is_hosts = 1;
	return e->status;
}

int
hosted_is_pure(const struct hosted *s, const char *function, struct error *e)
{
	if (!s->state.open)
		return 0;
	error_set(e, AB_EBUG,
	    "%s was called in update_state, which must be pure: what it needs is in its arguments",
	    function);
	return 1;
}

ab_status
hosted_broken(struct hosted *s, const struct error *e)
{
	const struct error *before = find_broken(s);

	/* A view that could not be made is why there was nothing to emit. */
	if (s->broken.status == AB_OK)
		s->broken = before != NULL ? *before : *e;
	return hosted_failed(s, e);
}
