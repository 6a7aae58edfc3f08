/* crumb.c - see crumb.h. */
#include "worker/crumb.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"

int
crumb_map(struct crumbs *all, const struct chan *c)
{
	void *p =
	    mmap(NULL, chan_crumbs_bytes(c), PROT_READ | PROT_WRITE, MAP_SHARED, c->mem_fd, 0);

	*all = (struct crumbs){.head = NULL};
	if (p == MAP_FAILED)
		return -1;
	all->head = p;
	all->bytes = chan_crumbs_bytes(c);
	return 0;
}

void
crumb_unmap(struct crumbs *all)
{
	if (all->head != NULL)
		munmap(all->head, all->bytes);
	all->head = NULL;
}

struct chan_crumb *
crumb_of(const struct crumbs *all, uint32_t lane)
{
	return (void *)((char *)all->head + chan_crumb_offset(lane));
}

static void
change_begin(struct chan_crumb *c)
{
	__atomic_fetch_add(&c->seq, 1, __ATOMIC_SEQ_CST);
}

static void
change_end(struct chan_crumb *c)
{
	__atomic_fetch_add(&c->seq, 1, __ATOMIC_SEQ_CST);
}

void
crumb_enter(struct chan_crumb *c, const char *function, const char *stream, uint64_t page)
{
	change_begin(c);
	c->in_host = 0;
	c->host_us = c->host_since = 0;
	c->page = page;
	snprintf(c->function, sizeof(c->function), "%s", function);
	snprintf(c->stream, sizeof(c->stream), "%s", stream != NULL ? stream : "");
	c->call_us = clock_mono_us();
	change_end(c);
}

void
crumb_leave(struct chan_crumb *c)
{
	change_begin(c);
	c->call_us = 0;
	c->left_us = clock_mono_us();
	c->in_host = 0;
	change_end(c);
}

void
crumb_host_enter(struct chan_crumb *c)
{
	change_begin(c);
	if (c->in_host++ == 0)
		c->host_since = clock_mono_us();
	change_end(c);
}

void
crumb_host_leave(struct chan_crumb *c)
{
	change_begin(c);
	if (c->in_host > 0 && --c->in_host == 0)
		c->host_us += clock_mono_us() - c->host_since;
	change_end(c);
}

void
crumb_where(const struct chan_crumb *c, char *out, size_t size)
{
	if (c->stream[0] == '\0')
		snprintf(out, size, "%s", c->function);
	else if (c->page == 0)
		snprintf(out, size, "%s of stream %s", c->function, c->stream);
	else
		snprintf(out, size, "%s of stream %s, page %llu", c->function, c->stream,
		    (unsigned long long)c->page);
}
