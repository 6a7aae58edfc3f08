/* walk.c - see walk.h. */
#include "worker/walk.h"

#include <string.h>

#define TOKEN_SHOWN 80
#define EMPTIES_MAX 1000   /* pages in a row without a record */
#define LIST_MAX    100000 /* without a partition: so many parents may have no children */

void
walk_init(struct walk *w)
{
	*w = (struct walk){.page = 1};
	buf_init(&w->token, PAGE_MAX_TOKEN);
	buf_init(&w->mark, PAGE_MAX_TOKEN);
}

void
walk_fini(struct walk *w)
{
	buf_fini(&w->token);
	buf_fini(&w->mark);
}

static int
is_token(const struct buf *token, const struct buf *other)
{
	return token->len == other->len && memcmp(buf_str(token), buf_str(other), token->len) == 0;
}

/* Tokens that go round in a circle meet the mark, which stays for longer each time (Brent's way). */
static ab_status
check_circle(struct walk *w, const struct buf *token, struct error *e)
{
	if (w->mark_next > 0 && is_token(token, &w->mark))
		return error_set(e, AB_EDATA,
		    "the page named a next one that an earlier page had named (token \"%.*s\"): the "
		    "reading would never end",
		    TOKEN_SHOWN, buf_str(token));
	if (w->page < w->mark_next)
		return AB_OK;
	w->mark_next = 2 * w->page + 1;
	buf_reset(&w->mark);
	if (buf_add(&w->mark, buf_str(token), token->len) != 0)
		return error_set(e, AB_ENOMEM, "no memory for a page token");
	return AB_OK;
}

ab_status
walk_check(struct walk *w, const struct ab_page *page, struct error *e)
{
	if (!page->has_token)
		return AB_OK;
	if (!w->has_token || !is_token(&page->token, &w->token))
		return check_circle(w, &page->token, e);
	return error_set(e, AB_EDATA,
	    "the page named itself as the next one (token \"%.*s\"): the reading would never end",
	    TOKEN_SHOWN, buf_str(&page->token));
}

/* Tokens that are new for ever, and never a record: an API that has lost its end. */
ab_status
walk_check_empties(struct walk *w, const struct ab_page *page, struct error *e)
{
	w->empties = page->has_records ? 0 : w->empties + 1;
	if (!page->has_token || w->empties < EMPTIES_MAX)
		return AB_OK;
	return error_set(e, AB_EDATA,
	    "%d pages in a row had no record, and the last one still names a next one (token "
	    "\"%.*s\"): the reading would never end",
	    EMPTIES_MAX, TOKEN_SHOWN, buf_str(&page->token));
}

ab_status
walk_check_list(struct walk *w, const struct ab_page *page, struct error *e)
{
	w->empties = page->has_records ? 0 : w->empties + 1;
	if (!page->has_token || w->empties < LIST_MAX)
		return AB_OK;
	return error_set(e, AB_EDATA,
	    "%d pages in a row named no partition, and the last one still names a next one (token "
	    "\"%.*s\"): the listing would never end",
	    LIST_MAX, TOKEN_SHOWN, buf_str(&page->token));
}

ab_status
walk_on(struct walk *w, const struct ab_page *page, struct error *e)
{
	w->page++;
	w->has_token = page->has_token;
	buf_reset(&w->token);
	if (page->has_token && buf_add(&w->token, buf_str(&page->token), page->token.len) != 0)
		return error_set(e, AB_ENOMEM, "no memory for a page token");
	return AB_OK;
}
