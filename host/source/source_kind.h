/* source_kind.h - what a kind of source is made of: the functions of source.h, which source.c hands on.
 *
 * For the kinds only; everybody else calls source.h and cannot tell them apart. */
#ifndef ABHOST_SOURCE_KIND_H
#define ABHOST_SOURCE_KIND_H
#include "source/source.h"

struct source_ops {
	int (*fds)(struct source *s, struct pollfd fds[SOURCE_FDS]);
	int (*timeout_ms)(struct source *s);
	ab_status (*check)(struct source *s, struct error *e);
	ab_status (*streams)(struct source *s, struct error *e);
	ab_status (*finish)(struct source *s, struct error *e);
	ab_status (*read)(struct source *s, uint32_t stream, const char *configured,
	    const char *committed, uint32_t limit, struct error *e);
	ab_status (*read_asking)(struct source *s, uint32_t stream, const char *configured,
	    const char *committed, struct error *e);
	void (*committed)(struct source *s, uint32_t stream, int64_t num, struct ab_str text);
	void (*next)(struct source *s, struct source_event *ev);
	ab_status (*page)(
	    struct source *s, const struct source_event *ev, char *dst, struct error *e);
	void (*cancel)(struct source *s);
	void (*cancel_read)(struct source *s, uint32_t stream);
	void (*hold)(struct source *s, int on);
	int (*dead)(const struct source *s);
	void (*close)(struct source *s, int grace_ms);
};

/* The beginning of each kind's own struct. */
struct source {
	const struct source_ops *ops;
};

/* A connector of our own, in a worker; a program that speaks Airbyte's protocol. */
ab_status native_start(const struct source_options *o, struct source **out, struct error *e);
ab_status foreign_start(const struct source_options *o, struct source **out, struct error *e);
#endif
