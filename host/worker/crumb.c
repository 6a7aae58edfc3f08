/* crumb.c - see crumb.h. */
#include "worker/crumb.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"

struct chan_crumb *
crumb_map(const struct chan *c)
{
	void *p = mmap(NULL, CHAN_CRUMB_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, c->mem_fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

void
crumb_unmap(struct chan_crumb *c)
{
	if (c != NULL)
		munmap(c, CHAN_CRUMB_BYTES);
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
