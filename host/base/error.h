/* error.h - what went wrong, as one sentence, and what the operator should do about it.
 *
 * The status is the SDK's (abhost/abi.h): AB_ECONFIG, AB_ETRANSIENT, ...  A function that can
 * fail returns a status and takes a `struct error *` last; the error is set exactly when the
 * status is not AB_OK.  The first error wins: error_set on an error that is already set keeps
 * the text, so that a cleanup cannot hide the cause.  An error never owns memory. */
#ifndef ABHOST_ERROR_H
#define ABHOST_ERROR_H
#include <abhost/abi.h>

struct error {
	ab_status status; /* AB_OK: not set */
	char text[2048];
};

#define ERROR_INIT \
	{ \
		AB_OK, "" \
	}

/* Sets status and sentence (cut with "..." where too long); returns `status`. NULL e is legal. */
ab_status error_set(struct error *e, ab_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts "context: " before the sentence; returns e->status. */
ab_status error_wrap(struct error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* 1: somebody must change something, for the same again would fail in the same way. */
int error_must_change(ab_status status);
/* "config", "transient", "data", ...: the word for a status in logs and events. */
const char *error_word(ab_status status);
/* Forgets the error. */
void error_clear(struct error *e);
#endif
