/* watch.h - for tests of several reads at once: a source on tests/zoo/lanes.so, or another, and all that it has said. */
#ifndef TESTS_WATCH_H
#define TESTS_WATCH_H
#include "drive.h"

#define WATCH_EVENTS  4096
#define WATCH_STREAMS 8

struct watch_event {
	enum source_event_type type;
	uint32_t stream, part;
	int64_t num, us;
	ab_status status; /* of FAILED */
	char text[400];	  /* of a page: its bytes; of FAILED: the sentence */
};

struct watch {
	struct drive drive;
	struct watch_event
	    *event; /* the first WATCH_EVENTS of them; later ones overwrite the last */
	size_t n;
	int open; /* partitions that have begun and not ended, */
	int most; /* and most of them at once */
	int pages[WATCH_STREAMS];
};

void watch_open(struct watch *w, const char *config, int lanes, size_t memory, int timeout_s);
/* id: of tests/zoo/ID.so. */
void watch_open_on(
    struct watch *w, const char *id, const char *config, int lanes, size_t memory, int timeout_s);
void watch_close(struct watch *w);
/* Begins the read of stream sN. */
void watch_read(struct watch *w, uint32_t stream, const char *committed);
/* The next event; NULL: none came within ms. */
const struct watch_event *watch_next(struct watch *w, int ms);
/* Goes on until this one; `stream` may be SOURCE_ALL for a command's. */
const struct watch_event *
watch_until(struct watch *w, enum source_event_type type, uint32_t stream);
/* How many events of this type there were, of this stream (SOURCE_ALL: any), whose text begins so. */
int
watch_count(const struct watch *w, enum source_event_type type, uint32_t stream, const char *text);
/* The member of the page's record; -1: none. */
int watch_int(const struct watch_event *e, const char *key);
#endif
