/* The request log. */
#include "log.h"

#include <string.h>

#include "base/clock.h"

#define LOG_MAX ((size_t)256 << 20)

void
request_log_init(struct request_log *l)
{
	pthread_mutex_init(&l->lock, NULL);
	buf_init(&l->lines, LOG_MAX);
	l->count = 0;
}

void
request_log_fini(struct request_log *l)
{
	buf_fini(&l->lines);
	pthread_mutex_destroy(&l->lock);
}

static void
add_string(struct buf *b, const char *key, const char *value, size_t len)
{
	if (b->ptr[b->len - 1] != '{')
		buf_addc(b, ',');
	buf_addf(b, "\"%s\":", key);
	buf_add_json_string(b, value, len);
}

static void
add_headers(struct buf *b, struct MHD_Connection *c)
{
	static const char *const shown[] = {"Host", "Authorization", "X-Api-Key", "User-Agent",
	    "Accept", "Accept-Encoding", "Content-Type", "If-None-Match"};

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		const char *value = MHD_lookup_connection_value(c, MHD_HEADER_KIND, shown[i]);

		if (value != NULL)
			add_string(b, shown[i], value, strlen(value));
	}
}

void
request_log_add(struct request_log *l, struct MHD_Connection *c, const char *method,
    const char *target, unsigned status, const char *fault)
{
	size_t path = strcspn(target, "?"), before;
	const char *query = target + path + (target[path] == '?');
	struct buf *b = &l->lines;

	pthread_mutex_lock(&l->lock);
	before = b->len;
	buf_addf(b, "%s{\"n\":%lu,\"at\":%lld,\"status\":%u", b->len ? ",\n" : "", ++l->count,
	    (long long)clock_mono_us(), status);
	add_string(b, "method", method, strlen(method));
	add_string(b, "path", target, path);
	add_string(b, "query", query, strlen(query));
	add_string(b, "fault", fault, strlen(fault));
	buf_adds(b, ",\"headers\":{");
	add_headers(b, c);
	buf_adds(b, "}}");
	if (b->failed)
		b->len = before;
	pthread_mutex_unlock(&l->lock);
}

int
request_log_read(struct request_log *l, struct buf *out)
{
	int rc;

	pthread_mutex_lock(&l->lock);
	buf_addf(out, "{\"count\":%lu,\"requests\":[", l->count);
	buf_add(out, l->lines.ptr, l->lines.len);
	rc = buf_adds(out, "]}\n");
	pthread_mutex_unlock(&l->lock);
	return rc;
}

void
request_log_clear(struct request_log *l)
{
	pthread_mutex_lock(&l->lock);
	buf_reset(&l->lines);
	l->count = 0;
	pthread_mutex_unlock(&l->lock);
}
