/* source.c - source.h: which kind of source it is, and nothing else. */
#include "source/source_kind.h"

ab_status
source_start(const struct source_options *o, struct source **out, struct error *e)
{
	return o->program != NULL ? foreign_start(o, out, e) : native_start(o, out, e);
}

int
source_fds(struct source *s, struct pollfd fds[SOURCE_FDS])
{
	return s->ops->fds(s, fds);
}

int
source_timeout_ms(struct source *s)
{
	return s->ops->timeout_ms(s);
}

ab_status
source_check(struct source *s, struct error *e)
{
	return s->ops->check(s, e);
}

ab_status
source_streams(struct source *s, struct error *e)
{
	return s->ops->streams(s, e);
}

ab_status
source_finish(struct source *s, struct error *e)
{
	return s->ops->finish(s, e);
}

ab_status
source_read(struct source *s, uint32_t stream, const char *configured, const char *committed,
    uint32_t limit, struct error *e)
{
	return s->ops->read(s, stream, configured, committed, limit, e);
}

ab_status
source_read_asking(struct source *s, uint32_t stream, const char *configured, const char *committed,
    struct error *e)
{
	return s->ops->read_asking(s, stream, configured, committed, e);
}

void
source_committed(struct source *s, uint32_t stream, int64_t num, struct ab_str text)
{
	s->ops->committed(s, stream, num, text);
}

void
source_next(struct source *s, struct source_event *ev)
{
	s->ops->next(s, ev);
}

ab_status
source_page(struct source *s, const struct source_event *ev, char *dst, struct error *e)
{
	return s->ops->page(s, ev, dst, e);
}

void
source_cancel(struct source *s)
{
	s->ops->cancel(s);
}

void
source_cancel_read(struct source *s, uint32_t stream)
{
	s->ops->cancel_read(s, stream);
}

void
source_hold(struct source *s, int on)
{
	s->ops->hold(s, on);
}

int
source_dead(const struct source *s)
{
	return s->ops->dead(s);
}

void
source_close(struct source *s, int grace_ms)
{
	if (s != NULL)
		s->ops->close(s, grace_ms);
}
