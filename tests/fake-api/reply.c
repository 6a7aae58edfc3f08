/* How a body gets onto the wire, whole or damaged. */
#include <config.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "server.h"

/* A body that a fault sends piece by piece. */
struct damaged {
	struct page page;
	struct fault fault;
	size_t cut, sent;
	int fd;
};

static void
free_page(void *held)
{
	struct page *p = held;

	page_fini(p);
	free(p);
}

static void
free_damaged(void *held)
{
	struct damaged *d = held;

	page_fini(&d->page);
	free(d);
}

static void
sleep_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static void
wait_for_hangup(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLRDHUP};

	while (poll(&p, 1, -1) == -1)
		continue;
}

static int
connection_fd(struct MHD_Connection *c)
{
	return MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

/* At the place of the cut: what the client sees instead of the rest. */
static ssize_t
damaged_end(const struct damaged *d)
{
	struct linger now = {1, 0};

	if (d->fault.kind == FAULT_CHUNKED || d->fault.kind == FAULT_DRIP)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (d->fault.kind == FAULT_HANG)
		wait_for_hangup(d->fd);
	if (d->fault.kind == FAULT_RESET)
		setsockopt(d->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static ssize_t
damaged_read(void *held, uint64_t pos, char *out, size_t room)
{
	struct damaged *d = held;
	size_t n = d->cut - (size_t)pos;

	if (n == 0)
		return damaged_end(d);
	if (d->fault.kind == FAULT_DRIP) {
		size_t piece = d->page.middle.len / 20 + 1;

		sleep_ms(d->fault.number);
		n = n < piece ? n : piece;
	}
	n = n < room ? n : room;
	memcpy(out, d->page.middle.ptr + pos, n);
	return (ssize_t)n;
}

/* Takes the page. */
static struct MHD_Response *
damaged_response(struct exchange *x, struct page *taken, const struct fault *f)
{
	struct damaged *d = calloc(1, sizeof(*d));
	size_t len;

	if (d == NULL || page_flatten(taken) == -1) {
		free(d);
		free_page(taken);
		return NULL;
	}
	d->page = *taken;
	free(taken);
	d->fault = *f;
	d->fd = connection_fd(x->connection);
	len = d->page.middle.len;
	d->cut = len;
	if (f->kind != FAULT_CHUNKED && f->kind != FAULT_DRIP)
		d->cut = f->number >= 0 && (size_t)f->number < len ? (size_t)f->number : len / 2;
	return MHD_create_response_from_callback(f->kind == FAULT_CHUNKED ? MHD_SIZE_UNKNOWN : len,
	    (size_t)64 << 10, damaged_read, d, free_damaged);
}

static struct MHD_Response *
whole_response(struct page *taken)
{
	struct MHD_Response *r;
	void *first = (void *)(uintptr_t)(taken->count == 0 ? "" : taken->pieces[0].iov_base);

	if (taken->count <= 1)
		r = MHD_create_response_from_buffer_with_free_callback_cls(
		    taken->bytes, first, free_page, taken);
	else
		r = MHD_create_response_from_iovec(taken->pieces, taken->count, free_page, taken);
	if (r == NULL)
		free_page(taken);
	return r;
}

static int
page_deflate(struct page *p)
{
	z_stream z = {0};
	struct buf out;
	int rc = -1;

	if (page_flatten(p) == -1 ||
	    deflateInit2(&z, 1, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		return -1;
	buf_init(&out, (size_t)2 << 30);
	z.next_in = (unsigned char *)p->middle.ptr;
	z.avail_in = (unsigned)p->middle.len;
	z.avail_out = (unsigned)deflateBound(&z, p->middle.len);
	z.next_out = (unsigned char *)buf_reserve(&out, z.avail_out);
	if (z.next_out != NULL && deflate(&z, Z_FINISH) == Z_STREAM_END)
		rc = page_set_text(p, out.ptr, z.total_out);
	deflateEnd(&z);
	buf_fini(&out);
	return rc;
}

static int
accepts_gzip(const struct exchange *x)
{
	const char *value =
	    MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, "Accept-Encoding");

	return value != NULL && strstr(value, "gzip") != NULL;
}

static int
pack(struct exchange *x, struct page *p, const struct fault *f)
{
	struct packed *kept = f->kind == FAULT_NONE ? x->server->packed : NULL;
	int rc;

	if (kept != NULL && packed_get(kept, x->target, p))
		return 0;
	rc = page_deflate(p);
	if (rc == 0 && kept != NULL)
		packed_put(kept, x->target, p->middle.ptr, p->bytes);
	return rc;
}

/* Gzip, and damage inside the body. 1: it is gzip now; 0; -1. */
static int
encode_page(struct exchange *x, struct page *p, const struct fault *f)
{
	int is_gzip = f->kind == FAULT_GZIP_CUT || f->kind == FAULT_GZIP_MUTE ||
	    (x->server->gzip && accepts_gzip(x));

	if (f->kind == FAULT_JSON_CUT) {
		if (page_flatten(p) == -1)
			return -1;
		p->bytes = p->middle.len * 2 / 3;
		p->pieces[0].iov_len = p->bytes;
	}
	if (is_gzip && pack(x, p, f) == -1)
		return -1;
	if (f->kind == FAULT_GZIP_CUT) {
		p->bytes = p->middle.len * 2 / 3;
		p->pieces[0].iov_len = p->bytes;
	}
	return is_gzip;
}

static void
add_retry_after(struct MHD_Response *r, const struct fault *f)
{
	char text[64];
	time_t when = time(NULL) + f->retry_after;
	struct tm tm;

	if (f->kind != FAULT_STATUS || f->retry_after < 0)
		return;
	if (f->retry_as_date)
		strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&when, &tm));
	else
		snprintf(text, sizeof(text), "%ld", f->retry_after);
	MHD_add_response_header(r, "Retry-After", text);
}

static int
is_transport(enum fault_kind kind)
{
	return kind == FAULT_RESET || kind == FAULT_TRUNCATE || kind == FAULT_HANG ||
	    kind == FAULT_DRIP || kind == FAULT_CHUNKED;
}

/* The page's own headers, which the page takes with it when the response owns it. */
struct page_headers {
	char *link, *next, *total;
};

static struct page_headers
take_headers(struct page *p)
{
	struct page_headers h = {p->link, p->next, p->total};

	p->link = p->next = p->total = NULL;
	return h;
}

static void
add_headers(struct MHD_Response *r, const struct page_headers *h)
{
	if (h->link != NULL)
		MHD_add_response_header(r, "Link", h->link);
	if (h->next != NULL)
		MHD_add_response_header(r, "X-Next-Cursor", h->next);
	if (h->total != NULL)
		MHD_add_response_header(r, "X-Total-Count", h->total);
}

static void
free_headers(struct page_headers *h)
{
	free(h->link);
	free(h->next);
	free(h->total);
}

static enum MHD_Result
send_page(struct exchange *x, struct page *taken, unsigned status, const char *type,
    const struct fault *f)
{
	struct page_headers headers = take_headers(taken);
	int is_gzip = encode_page(x, taken, f);
	struct MHD_Response *r = NULL;
	enum MHD_Result rc = MHD_NO;

	if (is_gzip == -1)
		free_page(taken);
	else
		r = is_transport(f->kind) ? damaged_response(x, taken, f) : whole_response(taken);
	if (r != NULL) {
		MHD_add_response_header(r, "Content-Type", type);
		if ((is_gzip && f->kind != FAULT_GZIP_MUTE) || f->kind == FAULT_GZIP_LIE)
			MHD_add_response_header(r, "Content-Encoding", "gzip");
		add_headers(r, &headers);
		add_retry_after(r, f);
		if (f->kind == FAULT_REDIRECT)
			MHD_add_response_header(r, "Location", f->text);
		request_log_add(&x->server->log, x->connection, x->method, x->target, status,
		    fault_name(f->kind));
		rc = MHD_queue_response(x->connection, status, r);
		MHD_destroy_response(r);
	}
	free_headers(&headers);
	return rc;
}

enum MHD_Result
reply_page(struct exchange *x, struct page *taken, unsigned status, const struct fault *f)
{
	if (f->kind == FAULT_CLOSE || (f->kind == FAULT_HANG && f->number < 0)) {
		request_log_add(
		    &x->server->log, x->connection, x->method, x->target, 0, fault_name(f->kind));
		if (f->kind == FAULT_HANG)
			wait_for_hangup(connection_fd(x->connection));
		free_page(taken);
		return MHD_NO;
	}
	return send_page(x, taken, status, "application/json", f);
}

enum MHD_Result
reply_text(
    struct exchange *x, unsigned status, const char *type, const char *text, const struct fault *f)
{
	struct page *p = malloc(sizeof(*p));

	if (p == NULL)
		return MHD_NO;
	page_init(p);
	if (page_set_text(p, text, strlen(text)) == -1) {
		free_page(p);
		return MHD_NO;
	}
	return send_page(x, p, status, type, f);
}

int
reply_lines(struct store *s, const struct store_list *l, struct buf *out)
{
	pthread_mutex_lock(&s->lock);
	for (size_t at = store_seek(l, 0, INT64_MIN); at < l->count;
	     at = store_seek(l, at + 1, INT64_MIN)) {
		buf_add(out, l->records[at].bytes, l->records[at].len);
		buf_addc(out, '\n');
	}
	pthread_mutex_unlock(&s->lock);
	return out->failed ? -1 : 0;
}
