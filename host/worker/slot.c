/* slot.c - the pages' half of chan.h: the sealed memfd, its slots, its breadcrumb.
 *
 * The engine's end must never map what the worker can write. */
#include "config.h"

#include "worker/chan.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"

#define CRUMB_BYTES 512u /* the head of the memfd takes as much */

_Static_assert(sizeof(struct chan_crumb) <= CRUMB_BYTES, "a breadcrumb has its place");
_Static_assert(sizeof(struct chan_head) <= CRUMB_BYTES, "the head has its place");

size_t
chan_crumb_offset(uint32_t lane)
{
	return (size_t)CRUMB_BYTES * (lane + 1);
}

size_t
chan_crumbs_bytes(const struct chan *c)
{
	return (chan_crumb_offset(c->lanes) + 4095) & ~(size_t)4095;
}

static int
make_memfd(const struct chan *c)
{
	struct chan_head head = {.lanes = c->lanes, .slots = c->slots, .slot_bytes = c->slot_bytes};
	off_t size = (off_t)(chan_crumbs_bytes(c) + c->slots * c->slot_bytes);
	int fd = memfd_create("abhost-pages", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (ftruncate(fd, size) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0 &&
	    pwrite(fd, &head, sizeof(head), 0) == (ssize_t)sizeof(head))
		return fd;
	close(fd);
	return -1;
}

ab_status
chan_create(struct chan *c, uint32_t lanes, size_t slot_bytes, int *worker_fd, struct error *e)
{
	int pair[2];

	if (slot_bytes > (size_t)1 << 40)
		return error_set(e, AB_ECONFIG, "a page cap of %zu bytes is too large", slot_bytes);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return error_set(
		    e, AB_ENOMEM, "cannot make a channel to the worker: %s", strerror(errno));
	if (chan_init(c, pair[0], e) != AB_OK) {
		close(pair[0]);
		close(pair[1]);
		return AB_ENOMEM;
	}
	c->slot_bytes = (slot_bytes + 4095) & ~(size_t)4095;
	c->lanes = lanes < 1 ? 1 : lanes > CHAN_MAX_LANES ? CHAN_MAX_LANES : lanes;
	c->slots = c->lanes + 1;
	c->mem_fd = make_memfd(c);
	*worker_fd = pair[1];
	if (c->mem_fd >= 0)
		return AB_OK;
	error_set(e, AB_ENOMEM, "cannot make the %u page slots: %s%s", c->slots, strerror(errno),
	    errno == EFBIG
		? "; raise the limit of file sizes (ulimit -f), or lower --concurrency or "
		  "--page-cap"
		: "");
	close(pair[1]);
	chan_fini(c);
	return AB_ENOMEM;
}

/* The engine has written the head, but a worker may be started by hand. */
static int
take_head(struct chan *c, int mem_fd)
{
	struct chan_head head;
	struct stat st;

	if (fstat(mem_fd, &st) != 0 ||
	    pread(mem_fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) || head.lanes < 1 ||
	    head.lanes > CHAN_MAX_LANES || head.slots != head.lanes + 1 ||
	    head.slot_bytes > (size_t)1 << 40)
		return -1;
	c->lanes = head.lanes;
	c->slots = head.slots;
	c->slot_bytes = head.slot_bytes;
	return (uint64_t)st.st_size == chan_crumbs_bytes(c) + c->slots * c->slot_bytes ? 0 : -1;
}

ab_status
chan_attach(struct chan *c, int fd, int mem_fd, struct error *e)
{
	ab_status rc = chan_init(c, fd, e);

	if (rc != AB_OK)
		return rc;
	if (take_head(c, mem_fd) == 0) {
		c->mem_fd = mem_fd;
		return AB_OK;
	}
	c->fd = -1; /* the caller keeps both */
	chan_fini(c);
	return error_set(e, AB_EBUG, "the worker was started without its page slots");
}

/* Where a slot's byte lies in the memfd; -1 where the bytes do not fit the slot. */
static off_t
slot_offset(const struct chan *c, uint32_t slot, size_t offset, size_t len, struct error *e)
{
	if (slot < c->slots && offset <= c->slot_bytes && len <= c->slot_bytes - offset)
		return (off_t)(chan_crumbs_bytes(c) + slot * c->slot_bytes + offset);
	error_set(e, AB_EDATA, "%zu bytes at %zu do not fit page slot %u of %zu bytes", len, offset,
	    slot, c->slot_bytes);
	return -1;
}

ab_status
chan_slot_write(
    struct chan *c, uint32_t slot, size_t offset, const void *bytes, size_t len, struct error *e)
{
	const char *p = bytes;
	ssize_t n;
	off_t at = slot_offset(c, slot, offset, len, e);

	if (at < 0)
		return AB_EDATA;
	while (len > 0) {
		n = pwrite(c->mem_fd, p, len, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_set(e, AB_ENOMEM, "cannot write a page: %s", strerror(errno));
		p += n;
		at += n;
		len -= (size_t)n;
	}
	return AB_OK;
}

ab_status
chan_slot_read(struct chan *c, uint32_t slot, void *bytes, size_t len, struct error *e)
{
	char *p = bytes;
	ssize_t n;
	off_t at = slot_offset(c, slot, 0, len, e);

	if (at < 0)
		return AB_EDATA;
	while (len > 0) {
		n = pread(c->mem_fd, p, len, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_set(e, AB_EBUG, "cannot read a page: %s", strerror(errno));
		p += n;
		at += n;
		len -= (size_t)n;
	}
	return AB_OK;
}

void
chan_slot_drop(struct chan *c, uint32_t slot, size_t len)
{
	off_t at = slot_offset(c, slot, 0, len, NULL);

	if (at >= 0)
		(void)fallocate(
		    c->mem_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, (off_t)len);
}

int
chan_crumb_read(const struct chan *c, uint32_t lane, struct chan_crumb *out)
{
	off_t at = (off_t)chan_crumb_offset(lane);
	uint32_t again;

	for (int i = 0; i < 8; i++) {
		if (pread(c->mem_fd, out, sizeof(*out), at) != (ssize_t)sizeof(*out))
			return -1;
		if (pread(c->mem_fd, &again, sizeof(again),
			at + (off_t)offsetof(struct chan_crumb, seq)) != (ssize_t)sizeof(again))
			return -1;
		if (again == out->seq && again % 2 == 0) {
			out->function[sizeof(out->function) - 1] = '\0';
			out->stream[sizeof(out->stream) - 1] = '\0';
			return 0;
		}
	}
	return -1;
}

void
chan_misuse(const struct chan *c, char *out, size_t size)
{
	struct chan_head head;

	if (pread(c->mem_fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head))
		head.misuse[0] = '\0';
	head.misuse[sizeof(head.misuse) - 1] = '\0';
	utf8_copy(out, size, head.misuse);
}

uint32_t
chan_crashed(const struct chan *c)
{
	struct chan_head head;

	if (pread(c->mem_fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
	    head.crashed > c->lanes)
		return 0;
	return head.crashed;
}
