/* page.c - see page.h.  Must not look inside a record: the engine's scanner does. */
#include "worker/page.h"

#include <string.h>

#include "worker/hosted.h"

#define SMALL_BYTES (64u << 10)
#define DROP_BYTES  (1u << 20) /* memory of a text larger than this is given back */

void
page_init(struct ab_page *p, struct hosted *s, size_t cap)
{
	*p = (struct ab_page){.hosted = s, .cap = cap};
	buf_init(&p->small, SMALL_BYTES);
	buf_init(&p->kept, cap + 16);
	buf_init(&p->token, PAGE_MAX_TOKEN);
	buf_init(&p->about, PAGE_MAX_ABOUT);
}

void
page_fini(struct ab_page *p)
{
	buf_fini(&p->small);
	buf_fini(&p->kept);
	buf_fini(&p->token);
	buf_fini(&p->about);
}

static void
reset(struct buf *b)
{
	if (b->cap > DROP_BYTES)
		buf_fini(b);
	else
		buf_reset(b);
}

void
page_begin(struct ab_page *p, enum page_use use)
{
	p->open = 1;
	p->keep = use != PAGE_SEND;
	p->is_list = use == PAGE_LIST;
	p->bytes = p->flushed = 0;
	p->has_token = p->has_records = 0;
	p->one = (struct ab_str){NULL, 0};
	buf_reset(&p->small);
	reset(&p->kept);
	reset(&p->token);
	reset(&p->about);
}

static ab_status
need_slot(struct ab_page *p, struct error *e)
{
	ab_status rc;

	if (p->has_slot)
		return AB_OK;
	crumb_host_enter(p->hosted->crumb);
	rc = uplink_slot(&p->hosted->lane, &p->slot);
	crumb_host_leave(p->hosted->crumb);
	p->has_slot = rc == AB_OK;
	return rc == AB_OK ? rc : error_set(e, rc, "cancelled");
}

static ab_status
write_slot(struct ab_page *p, const char *bytes, size_t len, struct error *e)
{
	ab_status rc = need_slot(p, e);

	if (rc == AB_OK)
		rc = chan_slot_write(&p->hosted->lane.up->chan, p->slot, p->flushed, bytes, len, e);
	if (rc == AB_OK)
		p->flushed += len;
	return rc;
}

ab_status
page_flush(struct ab_page *p, struct error *e)
{
	ab_status rc = AB_OK;

	if (p->small.len > 0)
		rc = write_slot(p, p->small.ptr, p->small.len, e);
	buf_reset(&p->small);
	return rc;
}

static ab_status
send_bytes(struct ab_page *p, struct ab_str text, struct error *e)
{
	ab_status rc = AB_OK;

	if (text.len + 1 > SMALL_BYTES - p->small.len)
		rc = page_flush(p, e);
	if (rc == AB_OK && text.len + 1 > SMALL_BYTES)
		rc = write_slot(p, text.ptr, text.len, e);
	else if (rc == AB_OK && buf_add(&p->small, text.ptr, text.len) != 0)
		rc = error_set(e, AB_ENOMEM, "no memory for a page");
	if (rc == AB_OK && buf_addc(&p->small, ' ') != 0)
		rc = error_set(e, AB_ENOMEM, "no memory for a page");
	p->bytes = p->flushed + p->small.len;
	return rc;
}

static struct ab_str
without_brackets(struct ab_str text)
{
	text.ptr++;
	text.len -= 2;
	while (text.len > 0 && strchr(" \t\r\n", *text.ptr) != NULL) {
		text.ptr++;
		text.len--;
	}
	return text;
}

static ab_status
keep_elements(struct ab_page *p, struct ab_str text, struct error *e)
{
	if (text.ptr[0] == '[')
		text = without_brackets(text);
	if (text.len == 0)
		return AB_OK;
	if (p->kept.len == 0)
		buf_addc(&p->kept, '[');
	buf_add(&p->kept, text.ptr, text.len);
	if (buf_addc(&p->kept, ',') != 0 || p->kept.failed)
		return error_set(e, AB_ENOMEM, "no memory for a page");
	return AB_OK;
}

static ab_status
keep(struct ab_page *p, struct ab_str text, int stable, struct error *e)
{
	struct ab_str one = p->one;
	ab_status rc = AB_OK;

	if (one.ptr == NULL && p->kept.len == 0 && stable && text.ptr[0] == '[') {
		p->one = text;
		return AB_OK;
	}
	p->one = (struct ab_str){NULL, 0};
	if (one.ptr != NULL)
		rc = keep_elements(p, one, e);
	return rc == AB_OK ? keep_elements(p, text, e) : rc;
}

static const char *
type_word(int type)
{
	static const char *const words[] = {
	    "null", "a boolean", "an integer", "a number", "a string", "an array", "an object"};

	return type >= AB_NULL && type <= AB_OBJECT ? words[type] : "no value";
}

ab_status
page_add(struct ab_page *p, const struct ab_json *v, int stable, struct error *e)
{
	int type = view_type(v);
	struct ab_str text = view_span(v);
	ab_status rc = AB_OK;

	if (p->is_list && type == AB_NULL)
		text = (struct ab_str){"null", 4};
	else if ((type != AB_OBJECT && type != AB_ARRAY) || text.len < 2)
		return error_set(e, AB_EDATA,
		    "emit got %s where an object or an array of objects should be",
		    type_word(type));
	if (text.len >= p->cap || (p->is_list ? p->kept.len : p->bytes) >= p->cap - text.len)
		return error_set(e, AB_EDATA,
		    "a page of %zu bytes is larger than the cap of %zu; ask for smaller pages, or raise it with --page-cap",
		    (p->is_list ? p->kept.len : p->bytes) + text.len, p->cap);
	p->has_records |= type != AB_ARRAY || without_brackets(text).len > 0;
	if (p->keep)
		rc = keep(p, text, stable, e);
	return rc == AB_OK && !p->is_list ? send_bytes(p, text, e) : rc;
}

const struct ab_json *
page_records(struct ab_page *p, struct view_root *root)
{
	static const char what[] = "the page's records";

	if (p->one.ptr != NULL)
		return view_parse(root, p->one.ptr, p->one.len, what);
	if (p->kept.len == 0)
		return view_parse(root, "[]", 2, what);
	/* In the place of the last comma. */
	p->kept.ptr[p->kept.len - 1] = ']';
	return view_parse(root, p->kept.ptr, p->kept.len, what);
}

void
page_sent(struct ab_page *p)
{
	if (p->bytes > 0)
		p->has_slot = 0;
}

void
page_drop(struct ab_page *p)
{
	if (p->has_slot)
		uplink_slot_back(&p->hosted->lane, p->slot);
	p->has_slot = 0;
}
