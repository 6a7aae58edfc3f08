/* page.h - the page that a call of read_page or partitions fills.
 *
 * Records go to a slot of the channel as they come: small ones gathered, large ones at once, never copied in
 * between.  Where the connector has update_state they are kept for it as well.  Partitions are kept only. */
#ifndef ABHOST_PAGE_H
#define ABHOST_PAGE_H
#include <abhost/abi.h>

#include "base/buf.h"
#include "base/error.h"
#include "data/view.h"

#define PAGE_MAX_TOKEN (1u << 20)
#define PAGE_MAX_ABOUT (1u << 20)

struct hosted;
struct ab_page {
	struct hosted *hosted;
	size_t cap;
	int open;    /* a call is filling it */
	int keep;    /* the records are wanted afterwards */
	int is_list; /* no records but partitions: kept, not sent */
	int has_records;
	/* in the slot */
	int has_slot;
	uint32_t slot;
	size_t bytes, flushed;
	struct buf small; /* not flushed yet */
	/* kept */
	struct ab_str one; /* the only array, where it outlives the call */
	struct buf kept;   /* elements, a comma behind each */
	/* said of the page */
	int has_token;
	struct buf token, about;
};

enum page_use { PAGE_SEND, PAGE_SEND_KEEP, PAGE_LIST };

void page_init(struct ab_page *p, struct hosted *s, size_t cap);
void page_fini(struct ab_page *p);
/* Forgets the last page. */
void page_begin(struct ab_page *p, enum page_use use);
/* One object or array; in a list of partitions also null.  stable: its bytes live until the page is done with.
 * AB_EDATA: neither, or above the cap;
 * AB_ECANCELLED while waiting for a slot. */
ab_status page_add(struct ab_page *p, const struct ab_json *v, int stable, struct error *e);
/* The rest of the bytes goes to the slot. */
ab_status page_flush(struct ab_page *p, struct error *e);
/* The kept records as one array. */
const struct ab_json *page_records(struct ab_page *p, struct view_root *root);
/* The page's slot belongs to the engine now. */
void page_sent(struct ab_page *p);
/* A slot that it has and did not send is free again. */
void page_drop(struct ab_page *p);
#endif
