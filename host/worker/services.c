/* services.c - struct ab_host as a connector sees it: log, time, waiting, the configuration, views, errors.
 *
 * What is marked [any] in abi.h touches nothing of the source but what never changes. */
#include "worker/hosted.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/redact.h"
#include "base/utf8.h"
#include "net/cassette.h"

#define LOG_MAX 4096

static struct hosted *
hosted_of(struct ab_host *h)
{
	return h->priv;
}

/* A connector's text without secrets, cut to size: a secret that was cut in half would not be known. */
static char *
tidy(char *out, size_t size, const char *text)
{
	char whole[2 * LOG_MAX];

	return utf8_copy(out, size, redact_text(utf8_copy(whole, sizeof(whole), text)));
}

static void
svc_log(struct ab_host *h, int level, const char *text)
{
	char line[LOG_MAX];
	struct uplink_lane *lane = &hosted_of(h)->lane;
	struct chan_msg m = {.type = CHAN_LOG};

	if (text == NULL)
		return;
	m.stream = atomic_load(&lane->stream);
	m.status = level < AB_DEBUG ? AB_DEBUG : level > AB_ERROR ? AB_ERROR : level;
	m.text[0].ptr = tidy(line, sizeof(line), text);
	m.text[0].len = strlen(line);
	/* A log line that cannot be sent is no reason to fail: whoever waits for it is gone. */
	(void)uplink_send(lane->up, &m, NULL);
}

static int
svc_cancelled(struct ab_host *h)
{
	return uplink_cancelled(&hosted_of(h)->lane);
}

static int64_t
svc_now(struct ab_host *h)
{
	struct hosted *s = hosted_of(h);

	/* The same when it is replayed: it goes on by what the source itself has waited, and by nothing else. */
	if (s->cassette != NULL)
		return cassette_begun_us(s->cassette) + s->waited_us;
	return clock_now_us();
}

static ab_status
svc_fail(struct ab_host *h, ab_status status, const char *why)
{
	struct hosted *s = hosted_of(h);
	char own[sizeof(s->why.text) / 2], hosts[sizeof(s->why.text) / 2];
	int more = s->why.status != AB_OK && s->why_is_hosts && s->why.status == status;

	if (s->why.status != AB_OK && !s->why_is_hosts)
		return status; /* the first one wins */
	utf8_copy(hosts, sizeof(hosts), s->why.text);
	error_clear(&s->why);
	s->why_is_hosts = 0;
	error_set(&s->why, status == AB_OK ? AB_EBUG : status, "%s%s%s",
	    tidy(own, sizeof(own), why != NULL && *why != '\0' ? why : "failed"), more ? ": " : "",
	    more ? hosts : "");
	return status;
}

static const struct ab_json *
svc_config(struct ab_host *h)
{
	return hosted_of(h)->config_view;
}

static ab_status
svc_wait(struct ab_host *h, int fd, int events, uint32_t ms)
{
	struct hosted *s = hosted_of(h);
	struct error e = ERROR_INIT;
	ab_status rc;

	if (hosted_is_pure(s, "wait", &e))
		return hosted_broken(s, &e);
	crumb_host_enter(s->crumb);
	if (fd < 0 && s->cassette != NULL)
		s->waited_us += (int64_t)ms * 1000;
	if (fd < 0 && cassette_replays(s->cassette))
		ms = 0;
	rc = uplink_wait(&s->lane, fd, (short)events, ms);
	crumb_host_leave(s->crumb);
	if (rc == AB_OK)
		return rc;
	error_set(&e, rc, "cancelled");
	return hosted_failed(s, &e);
}

static const struct ab_json *
svc_json_parse(struct ab_host *h, struct ab_str text)
{
	return view_parse(&hosted_of(h)->root, text.ptr, text.len, "a text of the connector's");
}

static const void *
svc_extension(struct ab_host *h, const char *id)
{
	(void)h;
	(void)id;
	return NULL;
}

void
services_fill(struct ab_host *h)
{
	h->log = svc_log;
	h->cancelled = svc_cancelled;
	h->now = svc_now;
	h->fail = svc_fail;
	h->config = svc_config;
	h->wait = svc_wait;
	h->json_parse = svc_json_parse;
	h->json_get = view_get;
	h->json_at = view_at;
	h->json_key = view_key;
	h->json_len = view_len;
	h->json_type = view_type;
	h->json_int = view_int;
	h->json_real = view_real;
	h->json_str = view_str;
	h->json_text = view_text;
	h->extension = svc_extension;
}

ab_status
services_take(void *out, size_t known, const void *in, const char *name, struct error *e)
{
	uint32_t head[2]; /* size, flags */
	const unsigned char *bytes = in;

	memset(out, 0, known);
	if (in == NULL)
		return error_set(e, AB_EBUG, "%s is NULL", name);
	memcpy(head, in, sizeof(head));
	/* No member ends where it is cut: a half of a pointer must never be taken for one. */
	if (head[0] < sizeof(head) || head[0] > 4096 || head[0] % sizeof(void *) != 0)
		return error_set(e, AB_EBUG,
		    "%s says that it has %u bytes; set its size to that of the struct", name,
		    head[0]);
	for (size_t i = known; i < head[0]; i++)
		if (bytes[i] != 0)
			return error_set(e, AB_EUNSUPPORTED,
			    "%s has %u bytes, of which this host knows %zu, and the rest is not "
			    "zero: it asks for something newer",
			    name, head[0], known);
	if (head[1] != 0)
		return error_set(e, AB_EUNSUPPORTED,
		    "%s has flags 0x%x, which this host does not know", name, head[1]);
	memcpy(out, in, head[0] < known ? head[0] : known);
	return AB_OK;
}
