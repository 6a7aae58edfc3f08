/* page.h - one page of a list as the body of a reply: pieces of memory, most of them the store's own. */
#ifndef FAKE_PAGE_H
#define FAKE_PAGE_H
#include <microhttpd.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "fault.h"
#include "store.h"

#define PAGE_PIECES 64 /* a page of more pieces is copied into one */

enum page_style {
	PAGE_CURSOR, /* {"data": [], "nextCursor": "..."}, cursor=... */
	PAGE_NUMBER, /* {"data": [], "page": 1, "total_pages": 9}, page=N from 1 */
	PAGE_OFFSET, /* {"data": [], "offset": 0, "total": 9}, offset=N */
	PAGE_LINK,   /* a bare array and a Link header */
	PAGE_NEXT,   /* {"data": [], "next_url": "http://..."} */
	PAGE_LAST    /* {"data": [], "has_more": true}, starting_after=ID */
};

/* What is asked; texts are borrowed, NULL where the request has none. */
struct page_query {
	enum page_style style;
	const char *cursor, *number, *offset, *starting_after, *updated_after, *limit;
	const char *url; /* absolute, without a query: for links */
	size_t limit_max;
};

struct page {
	struct MHD_IoVec pieces[PAGE_PIECES + 2];
	unsigned count;
	size_t bytes;
	struct buf head, middle, tail; /* what the pieces that are not the store's point at */
	char *link;		       /* value of the Link header, or NULL */
	char *next, *total;	       /* of X-Next-Cursor and X-Total-Count, or NULL */
};

void page_init(struct page *p);
void page_fini(struct page *p);
/* Fills the page: 200, or 400 with the sentence as its body. Takes the store's lock. fault: only those about
 * content matter here (wrong-types, repeat-cursor, empty, huge, duplicates). */
int page_build(struct page *p, struct store *s, struct store_list *l, const struct page_query *q,
    const struct fault *fault);
/* A page whose body is this text; 0 or -1. */
int page_set_text(struct page *p, const char *text, size_t len);
/* Puts all pieces into p->middle, so that the body is one piece. 0 or -1. */
int page_flatten(struct page *p);
#endif
