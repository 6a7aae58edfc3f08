/* log.h - what was asked, in order: one JSON object per request. */
#ifndef FAKE_LOG_H
#define FAKE_LOG_H
#include <microhttpd.h>
#include <pthread.h>

#include "base/buf.h"

struct request_log {
	pthread_mutex_t lock;
	struct buf lines; /* objects, a comma and a newline before each but the first */
	unsigned long count;
};

void request_log_init(struct request_log *l);
void request_log_fini(struct request_log *l);
/* target: path and query as they were sent. Beyond 256 MiB nothing more is kept, only counted. */
void request_log_add(struct request_log *l, struct MHD_Connection *c, const char *method,
    const char *target, unsigned status, const char *fault);
/* {"count": N, "requests": [...]} into out; 0 or -1. */
int request_log_read(struct request_log *l, struct buf *out);
void request_log_clear(struct request_log *l);
#endif
