/* cassette.c - see cassette.h: the folder and its files. */
#include <config.h>

#include "net/cassette.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/redact.h"
#include "data/view.h"
#include "net/cassette_private.h"

#define FILE_MAX  ((size_t)3 << 30)
#define VIEWS_MAX ((size_t)64 << 20)
#define ABOUT	  "recording.json"

/* One file, read and looked at. */
struct loaded {
	struct buf text;
	struct view_root root;
	const struct ab_json *all;
};

static ab_status
fail_file(const struct cassette *c, const char *name, const char *wrong, struct error *e)
{
	return error_set(e, AB_ECONFIG, "the recording's file %s/%s %s", c->folder, name, wrong);
}

static ab_status
fail_errno(const struct cassette *c, const char *name, ab_status status, struct error *e)
{
	return error_set(
	    e, status, "the recording's file %s/%s: %s", c->folder, name, strerror(errno));
}

static int
open_file(const struct cassette *c, const char *name, int flags)
{
	char path[4200];

	if (snprintf(path, sizeof(path), "%s/%s", c->folder, name) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, flags | O_CLOEXEC, 0600);
}

static void
remove_file(const struct cassette *c, const char *name)
{
	char path[4200];

	if (snprintf(path, sizeof(path), "%s/%s", c->folder, name) < (int)sizeof(path))
		unlink(path);
}

static int
read_all(int fd, struct buf *out)
{
	struct stat st;
	ssize_t n = 1;
	char *to;

	if (fstat(fd, &st) != 0 || (size_t)st.st_size > out->max)
		return -1;
	while (n > 0) {
		to = buf_reserve(out, (size_t)st.st_size + 1);
		n = to == NULL ? -1 : read(fd, to, (size_t)st.st_size + 1);
		if (n > 0)
			out->len += (size_t)n;
		st.st_size = 4096; /* what has been added meanwhile */
	}
	if (n == 0 && out->ptr != NULL)
		out->ptr[out->len] = '\0';
	return n == 0 ? 0 : -1;
}

static void
loaded_fini(struct loaded *l)
{
	buf_fini(&l->text);
	view_root_fini(&l->root);
}

static ab_status
load(const struct cassette *c, const char *name, struct loaded *l, struct error *e)
{
	int fd = open_file(c, name, O_RDONLY), rc;

	buf_init(&l->text, FILE_MAX);
	view_root_init(&l->root, VIEWS_MAX);
	if (fd < 0)
		return fail_errno(c, name, AB_ECONFIG, e);
	rc = read_all(fd, &l->text);
	close(fd);
	if (rc != 0)
		return fail_file(c, name, "cannot be read", e);
	l->all = view_parse(&l->root, buf_str(&l->text), l->text.len, name);
	if (l->root.error.status == AB_OK)
		return AB_OK;
	/* it begins with the name */
	return error_set(
	    e, AB_ECONFIG, "the recording's file %s/%s", c->folder, l->root.error.text);
}

static ab_status
write_file(const struct cassette *c, const char *name, const struct buf *text, struct error *e)
{
	int fd = open_file(c, name, O_WRONLY | O_CREAT | O_EXCL);
	size_t done = 0;
	ssize_t n = 0;

	while (fd >= 0 && done < text->len && n >= 0) {
		n = write(fd, text->ptr + done, text->len - done);
		if (n < 0 && errno == EINTR)
			n = 0;
		done += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0 && close(fd) == 0 && done == text->len)
		return AB_OK;
	fail_errno(c, name, AB_EDATA, e);
	if (fd >= 0)
		remove_file(c, name); /* half of one would spoil the others */
	return e->status;
}

static ab_status
begin_recording(struct cassette *c, struct error *e)
{
	char begun[CLOCK_TEXT];
	struct buf text;
	ab_status rc;

	c->begun_us = clock_now_us();
	buf_init(&text, 4096);
	buf_addf(&text, "{\"format\": %d, \"begun\": \"%s\", \"abhost\": \"%s\"}\n",
	    CASSETTE_FORMAT, clock_format(c->begun_us, begun), PACKAGE_VERSION);
	rc = write_file(c, ABOUT, &text, e);
	buf_fini(&text);
	return rc;
}

static ab_status
read_about(struct cassette *c, struct error *e)
{
	struct loaded l;
	struct ab_str begun;
	ab_status rc = load(c, ABOUT, &l, e);

	if (rc == AB_OK && view_int(view_get(l.all, "format")) != CASSETTE_FORMAT)
		rc = fail_file(c, ABOUT, "has a format that this abhost does not know", e);
	if (rc == AB_OK) {
		begun = view_str(view_get(l.all, "begun"));
		if (clock_parse(begun.ptr, begun.len, &c->begun_us) != 0)
			rc = fail_file(c, ABOUT, "does not say when it begun", e);
	}
	loaded_fini(&l);
	return rc;
}

/* "00012.json" */
static int
is_exchange(const struct dirent *d)
{
	size_t digits = strspn(d->d_name, "0123456789");

	return digits >= 5 && digits < 10 && strcmp(d->d_name + digits, ".json") == 0;
}

static ab_status
read_tape(struct cassette *c, const char *name, struct error *e)
{
	struct tape *t = &c->tapes[c->ntapes];
	const struct ab_json *request;
	struct loaded l;
	struct buf body;
	ab_status rc = load(c, name, &l, e);

	buf_init(&body, FILE_MAX);
	if (rc == AB_OK) {
		request = view_get(l.all, "request");
		snprintf(t->name, sizeof(t->name), "%s", name);
		t->method = strdup(view_str(view_get(request, "method")).ptr);
		t->url = strdup(view_str(view_get(request, "url")).ptr);
		if (cassette_body(view_get(request, "body"), &body) != 0 ||
		    l.root.error.status != AB_OK || t->method == NULL || t->url == NULL)
			rc = fail_file(c, name, "is no recorded exchange", e);
		t->nbody = body.len;
		t->body = buf_steal(&body);
		c->ntapes++;
		if (rc == AB_OK && t->body == NULL)
			rc = error_set(e, AB_ENOMEM, "no memory for a recording");
	}
	buf_fini(&body);
	loaded_fini(&l);
	return rc;
}

static ab_status
read_folder(struct cassette *c, struct error *e)
{
	struct dirent **names = NULL;
	int n = scandir(c->folder, &names, is_exchange, alphasort);
	ab_status rc = AB_OK;

	if (n < 0)
		return error_set(e, AB_ECONFIG, "the recording %s: %s", c->folder, strerror(errno));
	if (n > 0)
		c->number = (uint32_t)strtoul(names[n - 1]->d_name, NULL, 10);
	if (c->replay)
		c->tapes = calloc((size_t)n + 1, sizeof(*c->tapes));
	if (c->replay && c->tapes == NULL)
		rc = error_set(e, AB_ENOMEM, "no memory for a recording");
	for (int i = 0; i < n; i++) {
		if (rc == AB_OK && c->replay)
			rc = read_tape(c, names[i]->d_name, e);
		free(names[i]);
	}
	free(names);
	if (rc == AB_OK && c->replay && cassette_index(c) != 0)
		rc = error_set(e, AB_ENOMEM, "no memory for a recording");
	return rc;
}

static ab_status
open_empty(struct cassette *c, struct cassette **out, struct error *e)
{
	if (cassette_index(c) == 0) {
		*out = c;
		return AB_OK;
	}
	cassette_free(c);
	return error_set(e, AB_ENOMEM, "no memory for a recording");
}

ab_status
cassette_open(const char *folder, int replay, struct cassette **out, struct error *e)
{
	struct cassette *c = calloc(1, sizeof(*c));
	ab_status rc = AB_OK;
	int fd;

	*out = NULL;
	if (c == NULL)
		return error_set(e, AB_ENOMEM, "out of memory");
	pthread_mutex_init(&c->lock, NULL);
	c->replay = replay;
	c->folder = strdup(folder);
	if (c->folder == NULL)
		rc = error_set(e, AB_ENOMEM, "out of memory");
	c->begun_us = clock_now_us();
	if (rc == AB_OK && replay && *folder == '\0')
		return open_empty(c, out, e);
	fd = rc == AB_OK ? open_file(c, ABOUT, O_RDONLY) : -1;
	if (rc == AB_OK && fd < 0 && !replay)
		rc = begin_recording(c, e);
	else if (rc == AB_OK)
		rc = read_about(c, e);
	if (fd >= 0)
		close(fd);
	if (rc == AB_OK)
		rc = read_folder(c, e);
	if (rc == AB_OK)
		*out = c;
	else
		cassette_free(c);
	return rc;
}

void
cassette_free(struct cassette *c)
{
	if (c == NULL)
		return;
	for (uint32_t i = 0; i < c->ntapes; i++) {
		free(c->tapes[i].method);
		free(c->tapes[i].url);
		free(c->tapes[i].body);
	}
	free(c->tapes);
	free(c->buckets);
	free(c->folder);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

int
cassette_replays(const struct cassette *c)
{
	return c != NULL && c->replay;
}

int64_t
cassette_begun_us(const struct cassette *c)
{
	return c->begun_us;
}

int
cassette_note(const struct transfer_request *r, struct buf *out)
{
	struct buf url;

	buf_init(&url, 4 * URL_MAX);
	if (cassette_redact(&url, r->url, strlen(r->url)) != 0)
		out->failed = 1;
	buf_adds(out, "{\n  \"request\": {\n    \"method\": ");
	buf_add_json_string(out, r->method, strlen(r->method));
	buf_adds(out, ",\n    \"url\": ");
	buf_add_json_string(out, buf_str(&url), url.len);
	buf_adds(out, ",\n    \"headers\": ");
	cassette_add_headers(out, r->headers, 0);
	if (r->body.len > 0) {
		buf_adds(out, ",\n    \"body\": ");
		cassette_add_body(out, r->body.ptr, r->body.len, 0);
	}
	buf_adds(out, "\n  },\n");
	buf_fini(&url);
	return out->failed ? -1 : 0;
}

/* What became of it, where no answer did. */
static void
add_broken(struct buf *text, const struct transfer_result *result)
{
	struct buf why;

	buf_init(&why, 4096);
	if (cassette_redact(&why, result->detail, strlen(result->detail)) != 0)
		text->failed = 1;
	buf_addf(
	    text, "  \"%s\": ", result->outcome == RETRY_UNREACHABLE ? "unreachable" : "broken");
	buf_add_json_string(text, buf_str(&why), why.len);
	buf_adds(text, "\n}\n");
	buf_fini(&why);
}

static void
add_answer(struct buf *text, const struct cassette_take *take)
{
	buf_addf(
	    text, "  \"response\": {\n    \"status\": %d,\n    \"headers\": ", take->resp->status);
	cassette_add_headers(text, &take->resp->headers, 1);
	if (take->body.len > 0) {
		buf_adds(text, ",\n    \"body\": ");
		cassette_add_body(text, take->body.ptr, take->body.len, 1);
	}
	buf_adds(text, "\n  }\n}\n");
}

ab_status
cassette_record(struct cassette *c, const struct cassette_take *take, struct error *e)
{
	char at[CLOCK_TEXT], name[32];
	struct buf text;
	ab_status rc;

	buf_init(&text, FILE_MAX);
	buf_add(&text, buf_str(take->noted), take->noted->len);
	buf_addf(
	    &text, "  \"at\": \"%s\", \"ms\": %u,\n", clock_format(clock_now_us(), at), take->ms);
	if (take->result->outcome == RETRY_ANSWERED)
		add_answer(&text, take);
	else
		add_broken(&text, take->result);
	pthread_mutex_lock(&c->lock);
	snprintf(name, sizeof(name), "%05u.json", ++c->number);
	pthread_mutex_unlock(&c->lock);
	rc = text.failed ? error_set(e, AB_ENOMEM, "no memory for a recording")
			 : write_file(c, name, &text, e);
	buf_fini(&text);
	return rc;
}

static ab_status
fill_headers(const struct cassette *c, const char *name, const struct ab_json *headers,
    struct http_response *resp, struct error *e)
{
	for (size_t i = 0; i < view_len(headers); i++)
		if (headers_set(&resp->headers, view_key(headers, i).ptr,
			view_str(view_at(headers, i)).ptr) != 0)
			return fail_file(c, name, "has too many headers", e);
	return AB_OK;
}

static ab_status
fill_body(const struct cassette *c, const char *name, const struct ab_json *object,
    struct http_response *resp, struct error *e)
{
	struct buf body;
	ab_status rc = AB_OK;

	buf_init(&body, FILE_MAX);
	if (cassette_body(object, &body) != 0)
		rc = fail_file(c, name, "is no recorded exchange", e);
	else if (c->bent == CASSETTE_EMPTY && cassette_empty_lists(&body) != 0)
		rc = error_set(e, AB_ENOMEM, "out of memory");
	else if (body.len > resp->body.max)
		rc = error_set(e, AB_EDATA,
		    "the body is larger than %zu bytes, the most that is taken; raise it with --page-cap",
		    resp->body.max);
	else if (body_add(&resp->body, buf_str(&body), body.len) != 0)
		rc = error_set(e, AB_ENOMEM, "out of memory");
	buf_fini(&body);
	return rc;
}

/* 1: it broke, and why is in the result. */
static int
fill_broken(const struct ab_json *all, struct transfer_result *result)
{
	const struct ab_json *broken = view_get(all, "broken"),
			     *gone = view_get(all, "unreachable");

	if (broken == NULL && gone == NULL)
		return 0;
	result->outcome = broken != NULL ? RETRY_BROKEN : RETRY_UNREACHABLE;
	result->blame = AB_ETRANSIENT;
	snprintf(result->detail, sizeof(result->detail), "%s",
	    view_str(broken != NULL ? broken : gone).ptr);
	return 1;
}

static ab_status
fill(const struct cassette *c, const char *name, struct http_response *resp,
    struct transfer_result *result, struct error *e)
{
	const struct ab_json *answer;
	struct loaded l;
	ab_status rc = load(c, name, &l, e);

	if (rc == AB_OK && !fill_broken(l.all, result)) {
		answer = view_get(l.all, "response");
		resp->status = (int)view_int(view_get(answer, "status"));
		rc = fill_headers(c, name, view_get(answer, "headers"), resp, e);
		if (rc == AB_OK)
			rc = fill_body(c, name, view_get(answer, "body"), resp, e);
		if (rc == AB_OK && l.root.error.status != AB_OK)
			rc = fail_file(c, name, "is no recorded exchange", e);
	}
	loaded_fini(&l);
	return rc;
}

ab_status
cassette_play(struct cassette *c, const struct transfer_request *r, struct http_response *resp,
    struct transfer_result *result, struct error *e)
{
	const struct tape *t;
	struct buf url, body;
	ab_status rc = AB_OK;
	int faulty = 0;

	if (cassette_bent_answer(c, resp, result))
		return AB_OK;
	buf_init(&url, 4 * URL_MAX);
	buf_init(&body, FILE_MAX);
	if (cassette_redact(&url, r->url, strlen(r->url)) != 0 ||
	    cassette_redact(&body, r->body.ptr, r->body.len) != 0)
		rc = error_set(e, AB_ENOMEM, "out of memory");
	if (rc == AB_OK) {
		pthread_mutex_lock(&c->lock);
		t = cassette_take(
		    c, r->method, buf_str(&url), (struct ab_str){buf_str(&body), body.len}, e);
		faulty = t != NULL && cassette_is_faulty(c, t);
		c->is_spoilt |= faulty;
		if (t == NULL && c->is_spoilt)
			e->status = AB_EDATA; /* it asks for what nobody meant */
		pthread_mutex_unlock(&c->lock);
		rc = t == NULL ? e->status : fill(c, t->name, resp, result, e);
	}
	if (rc == AB_OK && faulty && cassette_put_fault(c, r, resp, result) != 0)
		rc = error_set(e, AB_ENOMEM, "out of memory");
	buf_fini(&url);
	buf_fini(&body);
	return rc;
}
