/* drive.c - see drive.h. */
#include "drive.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/worker.h"

static const char *
top(const char *variable)
{
	const char *v = getenv(variable);

	return v != NULL ? v : ".";
}

ab_status
drive_open_with(struct drive *d, const char *name, struct source_options o)
{
	char path[4096];
	struct error e = ERROR_INIT;

	*d = (struct drive){.source = NULL};
	buf_init(&d->lines, 16u << 20);
	buf_init(&d->pages, (size_t)256 << 20);
	snprintf(path, sizeof(path), "%s/abhost-worker", top("top_builddir"));
	setenv("ABHOST_WORKER", path, 0);
	/* A crash shall be one, also where sanitizers would make an exit of it. */
	setenv("ASAN_OPTIONS", "handle_segv=0:handle_abort=0", 0);
	snprintf(path, sizeof(path), "%s/tests/zoo/%s", top("top_builddir"), name);
#ifdef DRIVE_IN_PROCESS
	source_in_process_hook = worker_run;
	o.in_process = 1;
#endif
	o.path = path;
	o.fd = -1;
	if (source_start(&o, &d->source, &e) != AB_OK) {
		d->error = e;
		return e.status;
	}
	return drive_wait(d);
}

ab_status
drive_open(struct drive *d, const char *name, const char *config, int timeout_s)
{
	return drive_open_with(d, name,
	    (struct source_options){.id = "zoo",
		.version = "1.0.0",
		.config = config,
		.page_cap = DRIVE_PAGE_CAP,
		.call_timeout_s = timeout_s});
}

static void
take_page(struct drive *d, const struct source_event *ev)
{
	struct error e = ERROR_INIT;
	char *to;

	if (d->take_ms > 0)
		usleep((useconds_t)d->take_ms * 1000);
	to = buf_reserve(&d->pages, ev->bytes);
	if (to == NULL || source_page(d->source, ev, to, &e) != AB_OK)
		abort();
	d->pages.len += ev->bytes;
	d->pages.ptr[d->pages.len] = '\0';
	buf_addf(&d->lines, "page %lld (%zu) token=%s state=%s about=%s\n", (long long)ev->num,
	    ev->bytes, ev->has_token ? ev->token.ptr : "none", ev->state.ptr, ev->about.ptr);
	if (++d->npages == d->cancel_after)
		source_cancel(d->source);
}

/* 1: the command has ended. */
static int
keep_event(struct drive *d, const struct source_event *ev)
{
	switch (ev->type) {
	case SOURCE_STREAM:
		buf_addf(&d->lines, "stream %s\n", ev->text.ptr);
		return 0;
	case SOURCE_PARTITION:
		buf_addf(&d->lines, "partition %lld %s\n", (long long)ev->num, ev->text.ptr);
		return 0;
	case SOURCE_PAGE:
		take_page(d, ev);
		return 0;
	case SOURCE_PARTITION_END:
		buf_addf(&d->lines, "end %lld\n", (long long)ev->num);
		return 0;
	case SOURCE_RESTART:
		buf_adds(&d->lines, "restart\n");
		return 0;
	case SOURCE_LOG:
		usleep((useconds_t)d->log_us);
		buf_addf(&d->lines, "log %lld %s\n", (long long)ev->num, ev->text.ptr);
		return 0;
	case SOURCE_WAIT:
		buf_adds(&d->lines, "wait\n");
		return 0;
	case SOURCE_TALLY:
		buf_addf(&d->lines, "tally %s\n", ev->text.ptr);
		return 0;
	case SOURCE_DONE:
		d->allocated = ev->bytes;
		buf_adds(&d->lines, "done\n");
		return 1;
	case SOURCE_FAILED:
		buf_addf(&d->lines, "failed %d: %s\n", ev->error.status, ev->error.text);
		d->error = ev->error;
		return 1;
	default:
		return 0;
	}
}

ab_status
drive_wait(struct drive *d)
{
	struct pollfd fds[SOURCE_FDS];
	struct source_event ev;

	error_clear(&d->error);
	for (;;) {
		source_next(d->source, &ev);
		if (keep_event(d, &ev))
			return ev.type == SOURCE_DONE ? AB_OK : ev.error.status;
		if (ev.type == SOURCE_NOTHING)
			poll(fds, (nfds_t)source_fds(d->source, fds), source_timeout_ms(d->source));
	}
}

static ab_status
run(struct drive *d, ab_status rc, const struct error *e)
{
	if (rc == AB_OK)
		return drive_wait(d);
	d->error = *e;
	return rc;
}

ab_status
drive_check(struct drive *d)
{
	struct error e = ERROR_INIT;

	return run(d, source_check(d->source, &e), &e);
}

ab_status
drive_streams(struct drive *d)
{
	struct error e = ERROR_INIT;

	return run(d, source_streams(d->source, &e), &e);
}

ab_status
drive_finish(struct drive *d)
{
	struct error e = ERROR_INIT;

	return run(d, source_finish(d->source, &e), &e);
}

ab_status
drive_read(struct drive *d, const char *stream, const char *committed)
{
	char configured[256];
	struct error e = ERROR_INIT;

	buf_reset(&d->lines);
	buf_reset(&d->pages);
	d->npages = 0;
	snprintf(configured, sizeof(configured),
	    "{\"stream\": {\"name\": \"%s\"}, \"sync_mode\": \"incremental\"}", stream);
	return run(d, source_read(d->source, 7, configured, committed, 0, &e), &e);
}

void
drive_close(struct drive *d)
{
	source_close(d->source, 5000);
	buf_fini(&d->lines);
	buf_fini(&d->pages);
}

int
drive_count(const struct buf *b, const char *needle)
{
	int n = 0;

	for (const char *at = buf_str(b); (at = strstr(at, needle)) != NULL; at++)
		n++;
	return n;
}
