/* world.c - what both sources of world.h, world_source.c and world_program.c, have in common. */
#include "world.h"

#include <stdlib.h>

#include "source/source.h"

struct world_source world_source;

const char *
world_stream_name(size_t stream)
{
	static const char *const names[WORLD_STREAMS] = {"things", "others", "third", "fourth"};

	return names[stream];
}

int
world_is_keyless(int id)
{
	return world_source.keyless && id % 4 == 2;
}

int
source_fds(struct source *s, struct pollfd fds[SOURCE_FDS])
{
	(void)s;
	(void)fds;
	return 0;
}

int
source_timeout_ms(struct source *s)
{
	(void)s;
	return 0;
}

/* The world's streams have few partitions. */
ab_status
source_read_asking(struct source *s, uint32_t stream, const char *configured, const char *committed,
    struct error *e)
{
	return source_read(s, stream, configured, committed, 0, e);
}

void
source_committed(struct source *s, uint32_t stream, int64_t num, struct ab_str text)
{
	(void)s;
	(void)stream;
	(void)num;
	(void)text;
	abort();
}

void
source_cancel(struct source *s)
{
	for (uint32_t i = 0; i < WORLD_STREAMS; i++)
		source_cancel_read(s, i);
}
