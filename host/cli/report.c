/* report.c - see report.h. */
#include <config.h> /* asprintf */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/redact.h"
#include "cli/report.h"

#define MAX_REPORT (256u << 20)

static void
add_text(struct buf *b, const char *key, const char *text)
{
	buf_addf(b, ",\"%s\":", key);
	if (text == NULL)
		buf_adds(b, "null");
	else
		buf_add_json_string(b, text, strlen(text));
}

static void
add_number(struct buf *b, const char *key, int64_t n)
{
	buf_addf(b, ",\"%s\":%" PRId64, key, n);
}

static void
add_seconds(struct buf *b, const char *key, int64_t us)
{
	buf_addf(b, "%s\"%s\":%" PRId64 ".%06" PRId64, b->ptr[b->len - 1] == '{' ? "" : ",", key,
	    us / 1000000, us % 1000000);
}

static void
add_time(struct buf *b, const char *key, int64_t us)
{
	char text[CLOCK_TEXT];

	add_text(b, key, us == 0 ? NULL : clock_format(us, text));
}

static void
add_changes(struct buf *b, const struct dest_stats *stats)
{
	buf_adds(b, ",\"changes\":{");
	dest_stats_add(stats, b);
	buf_addc(b, '}');
}

static const char *
stream_outcome(const struct sync_stream_report *s)
{
	if (s->failed || s->stopped)
		return s->failed ? "failed" : "cancelled";
	return s->ended_us != 0 ? "succeeded" : "not begun";
}

static void
add_stream(struct buf *b, const struct sync_stream_report *s)
{
	int64_t us = s->started_us == 0 || s->ended_us == 0 ? 0 : s->ended_us - s->started_us;

	buf_adds(b, "{\"name\":");
	buf_add_json_string(b, s->name, strlen(s->name));
	add_text(b, "namespace", s->namespace_);
	add_text(b, "sync_mode", s->sync_mode);
	add_text(b, "destination_sync_mode", s->destination_sync_mode);
	if (s->generation_id >= 0)
		add_number(b, "generation_id", s->generation_id);
	if (s->sync_id >= 0)
		add_number(b, "sync_id", s->sync_id);
	add_text(b, "outcome", stream_outcome(s));
	buf_addf(b, ",\"resumed\":%s", s->resumed ? "true" : "false");
	add_text(b, "where", s->where);
	add_number(b, "records", s->records);
	add_number(b, "rows", s->written);
	add_number(b, "bytes", s->bytes);
	add_number(b, "pages", s->pages);
	if (s->large_page > 0)
		add_number(b, "large_page", s->large_page);
	add_seconds(b, "seconds", us);
	buf_adds(b, ",\"times\":{");
	add_seconds(b, "fetch", s->times.fetch_us);
	add_seconds(b, "scan", s->times.scan_us);
	add_seconds(b, "write", s->times.write_us);
	add_seconds(b, "commit", s->times.commit_us);
	buf_addc(b, '}');
	add_changes(b, &s->stats);
	add_text(b, "error", s->failed ? s->error : NULL);
	add_text(b, "failure_type", s->failed ? sync_failure_type(s->status) : NULL);
	buf_addc(b, '}');
}

static void
add_sums(struct buf *b, const struct sync_report *r)
{
	struct dest_stats sum = {0};
	int64_t rows = 0;

	for (size_t i = 0; i < r->nstreams; i++) {
		dest_stats_sum(&sum, &r->streams[i].stats);
		rows += r->streams[i].written;
	}
	add_number(b, "records", r->records);
	add_number(b, "rows", rows);
	add_number(b, "bytes", r->bytes);
	add_number(b, "checkpoints", r->checkpoints);
	if (r->verified > 0)
		add_number(b, "verified", r->verified);
	add_changes(b, &sum);
}

static void
add_run(struct buf *b, const struct report_run *run, const struct sync_report *r,
    const struct error *failed)
{
	const struct sync_times *t = &r->times;

	buf_addf(b, "{\"format\":1");
	add_text(b, "connector", run->connector);
	add_text(b, "version", run->version);
	add_text(b, "destination", run->destination);
	add_text(b, "outcome", sync_outcome_word(r->outcome));
	add_number(b, "exit_code", run->exit_code);
	if (r->signal != 0)
		add_number(b, "signal", r->signal);
	add_text(b, "error", failed->status == AB_OK ? NULL : failed->text);
	add_text(b, "failure_type", sync_failure_type(failed->status));
	add_time(b, "started_at", r->started_us);
	add_time(b, "ended_at", r->ended_us);
	add_seconds(b, "seconds", r->ended_us - r->started_us);
	add_sums(b, r);
	buf_adds(b, ",\"times\":{");
	add_seconds(b, "wait", t->wait_us);
	add_seconds(b, "start", t->start_us);
	add_seconds(b, "discover", t->discover_us);
	add_seconds(b, "fetch", t->fetch_us);
	add_seconds(b, "scan", t->scan_us);
	add_seconds(b, "write", t->write_us);
	add_seconds(b, "commit", t->commit_us);
	add_seconds(b, "verify", t->verify_us);
	buf_adds(b, "},\n\"streams\":[");
	for (size_t i = 0; i < r->nstreams; i++) {
		buf_adds(b, i == 0 ? "\n" : ",\n");
		add_stream(b, &r->streams[i]);
	}
	buf_adds(b, "]}\n");
}

/* Standard output or error, where the path is that (/dev/stdout): its file must not lose its name. -1: it is neither. */
static int
own_descriptor(const char *path)
{
	struct stat st, own;

	if (stat(path, &st) != 0)
		return -1;
	for (int fd = 1; fd <= 2; fd++)
		if (fstat(fd, &own) == 0 && own.st_dev == st.st_dev && own.st_ino == st.st_ino)
			return fd;
	return -1;
}

/* A pipe or a device is written, it gives its name to nobody. */
static int
is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && (!S_ISREG(st.st_mode) || own_descriptor(path) >= 0);
}

/* Into a file beside, which then takes the name; beside NULL: into what has it. */
static int
put_into(const char *path, const char *beside, const char *text)
{
	int flags = beside == NULL ? O_NOCTTY : O_CREAT | O_TRUNC;
	int fd = open(beside == NULL ? path : beside, O_WRONLY | O_CLOEXEC | flags, 0666);
	int failed = fd < 0 || file_write(fd, text, strlen(text)) != 0;

	failed = failed || (beside != NULL && fsync(fd) != 0);
	if (fd >= 0 && close(fd) != 0)
		failed = 1;
	return failed || (beside != NULL && rename(beside, path) != 0) ? -1 : 0;
}

static int
put(const char *path, const char *beside, const char *text)
{
	int own = beside == NULL ? own_descriptor(path) : -1;

	if (own >= 0)
		return fflush(stdout) == 0 ? file_write(own, text, strlen(text)) : -1;
	return put_into(path, beside, text);
}

ab_status
report_check(const char *path, struct error *e)
{
	char *beside = NULL;
	int fd = -1, failed;
	struct stat st;

	if (asprintf(&beside, "%s.tmp", path) < 0)
		return error_set(e, AB_ENOMEM, "no memory for the report");
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		failed = 1;
	} else if (is_special(path)) {
		failed = own_descriptor(path) < 0 && access(path, W_OK) != 0;
	} else {
		fd = open(beside, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		failed = fd < 0;
	}
	if (failed)
		error_set(e, AB_ECONFIG, "cannot write the report %s: %s", path, strerror(errno));
	if (fd >= 0) {
		close(fd);
		unlink(beside);
	}
	free(beside);
	return e->status;
}

ab_status
report_write(const char *path, const struct report_run *run, const struct sync_report *r,
    const struct error *failed, struct error *e)
{
	char *beside = NULL;
	struct buf b;

	buf_init(&b, MAX_REPORT);
	add_run(&b, run, r, failed);
	if (asprintf(&beside, "%s.tmp", path) < 0)
		beside = NULL;
	if (b.failed || beside == NULL) {
		error_set(e, AB_ENOMEM, "no memory for the report");
	} else if (put(path, is_special(path) ? NULL : beside, redact_text(b.ptr)) != 0) {
		error_set(e, AB_ECONFIG, "cannot write the report %s: %s", path, strerror(errno));
		if (!is_special(path))
			unlink(beside);
	}
	free(beside);
	buf_fini(&b);
	return e->status;
}
