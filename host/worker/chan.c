/* chan.c - messages in packets; see chan.h.  Must never trust a length that it received, and never
 * raise SIGPIPE. */
#include "worker/chan.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAGIC	  0x50434241u /* "ABCP" */
#define TYPE_PART 0xffffffffu /* this packet goes on with the message before it */

/* What every packet begins with; both ends are the same build on the same machine.  len[]: bytes of each text of
 * the whole message; all 0 in a part. */
struct packet {
	uint32_t magic, type, flags;
	int32_t status;
	uint32_t stream, part, slot, reserved;
	uint64_t bytes;
	int64_t num;
	uint32_t len[CHAN_TEXTS];
};

#define PACKET_MAX (sizeof(struct packet) + CHAN_PART_BYTES)

ab_status
chan_init(struct chan *c, int fd, struct error *e)
{
	*c = (struct chan){.fd = fd, .mem_fd = -1, .send_ms = -1};
	buf_init(&c->in, CHAN_MAX_TEXT + CHAN_TEXTS);
	pthread_mutex_init(&c->send_lock, NULL);
	c->packet = malloc(PACKET_MAX);
	return c->packet != NULL ? AB_OK : error_set(e, AB_ENOMEM, "no memory for the channel");
}

void
chan_fini(struct chan *c)
{
	if (c->fd >= 0)
		close(c->fd);
	if (c->mem_fd >= 0)
		close(c->mem_fd);
	c->fd = c->mem_fd = -1;
	buf_fini(&c->in);
	free(c->packet);
	c->packet = NULL;
	pthread_mutex_destroy(&c->send_lock);
}

static ab_status
gone(struct error *e)
{
	return error_set(e, AB_ECANCELLED, "the other end of the channel is gone");
}

static ab_status
wait_writable(struct chan *c, struct error *e)
{
	struct pollfd p = {.fd = c->fd, .events = POLLOUT};
	int n;

	do
		n = poll(&p, 1, c->send_ms);
	while (n < 0 && errno == EINTR);
	return n > 0 ? AB_OK
		     : error_set(e, AB_ETRANSIENT, "the other end of the channel does not read");
}

static ab_status
send_packet(struct chan *c, struct iovec *iov, int n, struct error *e)
{
	struct msghdr h = {.msg_iov = iov, .msg_iovlen = (size_t)n};

	for (;;) {
		if (sendmsg(c->fd, &h, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return AB_OK;
		if (errno == EAGAIN || errno == ENOBUFS) {
			if (wait_writable(c, e) != AB_OK)
				return AB_ETRANSIENT;
		} else if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) {
			return gone(e);
		} else if (errno != EINTR) {
			return error_set(e, AB_EBUG, "channel: %s", strerror(errno));
		}
	}
}

/* The next pieces of the texts, CHAN_PART_BYTES in all; *text and *at say where we are. */
static int
next_pieces(const struct chan_msg *m, int *text, size_t *at, struct iovec iov[CHAN_TEXTS])
{
	size_t room = CHAN_PART_BYTES, left;
	int n = 0;

	for (; *text < CHAN_TEXTS; (*text)++, *at = 0) {
		left = m->text[*text].len - *at;
		if (left == 0)
			continue;
		if (room == 0)
			break;
		iov[n].iov_base = (void *)(uintptr_t)(m->text[*text].ptr + *at);
		iov[n].iov_len = left < room ? left : room;
		room -= iov[n].iov_len;
		*at += iov[n].iov_len;
		if (iov[n++].iov_len < left)
			break;
	}
	return n;
}

static ab_status
send_parts(struct chan *c, struct packet *p, const struct chan_msg *m, struct error *e)
{
	struct iovec iov[1 + CHAN_TEXTS] = {{.iov_base = p, .iov_len = sizeof(*p)}};
	size_t at = 0;
	int text = 0, n;
	ab_status rc;

	do {
		n = next_pieces(m, &text, &at, iov + 1);
		rc = send_packet(c, iov, 1 + n, e);
		*p = (struct packet){.magic = MAGIC, .type = TYPE_PART};
	} while (rc == AB_OK && text < CHAN_TEXTS);
	return rc;
}

ab_status
chan_send(struct chan *c, const struct chan_msg *m, struct error *e)
{
	struct packet p = {.magic = MAGIC,
	    .type = m->type,
	    .flags = m->flags,
	    .status = m->status,
	    .stream = m->stream,
	    .part = m->part,
	    .slot = m->slot,
	    .bytes = m->bytes,
	    .num = m->num};
	struct error own = ERROR_INIT;
	size_t total = 0;
	ab_status rc;

	for (int i = 0; i < CHAN_TEXTS; i++) {
		if (m->text[i].len > CHAN_MAX_TEXT - total)
			return error_set(e, AB_EDATA,
			    "a message of more than %u bytes does not fit the channel",
			    CHAN_MAX_TEXT);
		total += m->text[i].len;
		p.len[i] = (uint32_t)m->text[i].len;
	}
	pthread_mutex_lock(&c->send_lock);
	rc = send_parts(c, &p, m, e != NULL ? e : &own);
	pthread_mutex_unlock(&c->send_lock);
	return rc;
}

static ab_status
rubbish(struct error *e, const char *what)
{
	return error_set(e, AB_EDATA, "rubbish on the channel: %s", what);
}

/* A first packet: the numbers, and how much text will come; nothing is allocated for a claim. */
static ab_status
begin_message(struct chan *c, const struct packet *p, struct error *e)
{
	size_t total = 0;

	if (p->type == TYPE_PART)
		return rubbish(e, "a part without a message");
	c->head = (struct chan_msg){.type = p->type,
	    .flags = p->flags,
	    .status = p->status,
	    .stream = p->stream,
	    .part = p->part,
	    .slot = p->slot,
	    .bytes = p->bytes,
	    .num = p->num};
	for (int i = 0; i < CHAN_TEXTS; i++) {
		if (p->len[i] > CHAN_MAX_TEXT - total)
			return rubbish(e, "texts above the cap");
		total += p->len[i];
		c->head.text[i].len = p->len[i];
	}
	if (c->in.cap > (1u << 20))
		buf_fini(&c->in); /* one large message must not cost memory for ever */
	buf_reset(&c->in);
	c->missing = total;
	c->in_parts = 1;
	return AB_OK;
}

/* All bytes are here, one text behind the other: moves them apart, the last first, for the NULs. */
static ab_status
end_message(struct chan *c, struct chan_msg *m, struct error *e)
{
	size_t end = c->in.len, to = end + CHAN_TEXTS;

	if (buf_reserve(&c->in, CHAN_TEXTS) == NULL)
		return error_set(e, AB_ENOMEM, "no memory for a message");
	for (int i = CHAN_TEXTS - 1; i >= 0; i--) {
		struct ab_str *s = &c->head.text[i];

		c->in.ptr[--to] = '\0';
		end -= s->len;
		to -= s->len;
		memmove(c->in.ptr + to, c->in.ptr + end, s->len);
		s->ptr = c->in.ptr + to;
	}
	c->in.len += CHAN_TEXTS;
	c->in_parts = 0;
	*m = c->head;
	return AB_OK;
}

static ab_status
add_packet(struct chan *c, size_t size, struct chan_msg *m, struct error *e)
{
	const struct packet *p = (const void *)c->packet;
	size_t body = size - sizeof(*p);

	if (size < sizeof(*p) || p->magic != MAGIC)
		return rubbish(e, "not a packet");
	if (!c->in_parts) {
		if (begin_message(c, p, e) != AB_OK)
			return e->status;
	} else if (p->type != TYPE_PART) {
		return rubbish(e, "a message inside a message");
	}
	/* Every packet but the last is full: a hostile end cannot make us loop over empty ones. */
	if (body != (c->missing < CHAN_PART_BYTES ? c->missing : CHAN_PART_BYTES))
		return rubbish(e, "a packet of the wrong size");
	if (buf_add(&c->in, p + 1, body) != 0)
		return error_set(e, AB_ENOMEM, "no memory for a message");
	c->missing -= body;
	return c->missing > 0 ? CHAN_AGAIN : end_message(c, m, e);
}

ab_status
chan_recv(struct chan *c, struct chan_msg *m, int wait, struct error *e)
{
	struct error own = ERROR_INIT;
	int resets = 0;
	ssize_t n;
	ab_status rc;

	if (e == NULL)
		e = &own;
	for (;;) {
		n = recv(c->fd, c->packet, PACKET_MAX, MSG_TRUNC | (wait ? 0 : MSG_DONTWAIT));
		if (n > (ssize_t)PACKET_MAX)
			return rubbish(e, "a packet too large");
		if (n > 0) {
			rc = add_packet(c, (size_t)n, m, e);
			if (rc != CHAN_AGAIN)
				return rc;
		} else if (n == 0) {
			return gone(e);
		} else if (errno == ECONNRESET && resets++ == 0) {
			continue; /* told once, before what is still queued */
		} else if (errno == EAGAIN) {
			return CHAN_AGAIN;
		} else if (errno != EINTR) {
			return gone(e);
		}
	}
}
