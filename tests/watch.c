/* watch.c - see watch.h. */
#include "watch.h"

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

void
watch_open_on(
    struct watch *w, const char *id, const char *config, int lanes, size_t memory, int timeout_s)
{
	char so[64];

	snprintf(so, sizeof(so), "%s.so", id);
	*w = (struct watch){.event = calloc(WATCH_EVENTS, sizeof(*w->event))};
	ck_assert_ptr_nonnull(w->event);
	ck_assert_int_eq(drive_open_with(&w->drive, so,
			     (struct source_options){.id = id,
				 .version = "1.0.0",
				 .config = config,
				 .page_cap = DRIVE_PAGE_CAP,
				 .call_timeout_s = timeout_s,
				 .lanes = lanes,
				 .memory = memory}),
	    AB_OK);
}

void
watch_open(struct watch *w, const char *config, int lanes, size_t memory, int timeout_s)
{
	watch_open_on(w, "lanes", config, lanes, memory, timeout_s);
}

void
watch_close(struct watch *w)
{
	drive_close(&w->drive);
	free(w->event);
}

void
watch_read(struct watch *w, uint32_t stream, const char *committed)
{
	char configured[160];
	struct error e = ERROR_INIT;

	snprintf(configured, sizeof(configured),
	    "{\"stream\": {\"name\": \"s%u\", \"partition_state\": \"%s\"}, \"sync_mode\": \"incremental\"}",
	    stream, committed != NULL && strstr(committed, "shared") != NULL ? "shared" : "each");
	ck_assert_msg(source_read(w->drive.source, stream, configured, committed, 0, &e) == AB_OK,
	    "%s", e.text);
}

static void
keep(struct watch *w, const struct source_event *ev)
{
	struct watch_event *e = &w->event[w->n];
	char page[512] = "";
	const char *text = ev->type == SOURCE_FAILED ? ev->error.text
	    : ev->type == SOURCE_PAGE		     ? page
	    : ev->text.ptr != NULL		     ? ev->text.ptr
						     : "";

	w->n += w->n + 1 < WATCH_EVENTS;
	if (ev->type == SOURCE_PAGE) {
		ck_assert_uint_lt(ev->bytes, sizeof(page));
		ck_assert_int_eq(source_page(w->drive.source, ev, page, NULL), AB_OK);
		w->pages[ev->stream % WATCH_STREAMS]++;
	}
	w->open += (ev->type == SOURCE_PARTITION) - (ev->type == SOURCE_PARTITION_END);
	w->most = w->open > w->most ? w->open : w->most;
	*e = (struct watch_event){.type = ev->type,
	    .stream = ev->stream,
	    .part = ev->part,
	    .num = ev->num,
	    .us = clock_mono_us(),
	    .status = ev->error.status};
	snprintf(e->text, sizeof(e->text), "%.399s", text);
}

const struct watch_event *
watch_next(struct watch *w, int ms)
{
	int64_t end = clock_mono_us() + (int64_t)ms * 1000;
	struct pollfd fds[SOURCE_FDS];
	struct source_event ev;
	int wait, left;

	for (;;) {
		struct watch_event *e = &w->event[w->n];

		source_next(w->drive.source, &ev);
		if (ev.type != SOURCE_NOTHING) {
			keep(w, &ev);
			return e;
		}
		left = (int)((end - clock_mono_us()) / 1000);
		if (left <= 0)
			return NULL;
		wait = source_timeout_ms(w->drive.source);
		poll(fds, (nfds_t)source_fds(w->drive.source, fds),
		    wait < 0 || wait > left ? left : wait);
	}
}

const struct watch_event *
watch_until(struct watch *w, enum source_event_type type, uint32_t stream)
{
	const struct watch_event *e;

	do {
		e = watch_next(w, 50000);
		ck_assert_msg(e != NULL, "nothing comes");
		ck_assert_msg(
		    e->type != SOURCE_FAILED || (type == SOURCE_FAILED && e->stream == stream),
		    "stream %u: %s", e->stream, e->text);
	} while (e->type != type || e->stream != stream);
	return e;
}

int
watch_count(const struct watch *w, enum source_event_type type, uint32_t stream, const char *text)
{
	int n = 0;

	for (size_t i = 0; i < w->n; i++)
		n += w->event[i].type == type &&
		    (stream == SOURCE_ALL || w->event[i].stream == stream) &&
		    strncmp(w->event[i].text, text, strlen(text)) == 0;
	return n;
}

int
watch_int(const struct watch_event *e, const char *key)
{
	const char *at = strstr(e->text, key);

	return at == NULL ? -1 : (int)strtol(at + strlen(key) + 2, NULL, 10);
}
