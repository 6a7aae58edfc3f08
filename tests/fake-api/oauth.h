/* oauth.h - the token server beside My API: access tokens that end, refresh tokens that are good once.
 *
 *     POST /v1/oauth/token     a form: grant_type client_credentials (client_id "me", client_secret KEY), password
 *                              (username "me", password KEY) or refresh_token (at first KEY)
 *     POST /v1/login           {"user": "me", "password": KEY} -> {"session": {"id": TOKEN}}
 *
 * With rotate, each refresh token is good once; one that comes again revokes all that was ever given (RFC 9700).
 * Secrets begin with "fake-access-" and "fake-refresh-", so that a test can look for them anywhere. */
#ifndef FAKE_OAUTH_H
#define FAKE_OAUTH_H
#include <pthread.h>
#include <stdint.h>

#include "base/buf.h"

#define OAUTH_TOKENS 4096

struct oauth {
	pthread_mutex_t lock;
	long life_s, uses; /* of an access token; 0: without an end */
	int rotate;
	unsigned issued, revoked; /* tokens up to this number are good no more */
	unsigned refreshes;	  /* how many refresh tokens were given out */
	int is_over;		  /* one came again */
	struct {
		int64_t until_us;
		long left;
	} token[OAUTH_TOKENS];
};

void oauth_init(struct oauth *o);
/* 1: the access token is good; it is used up by one. */
int oauth_takes(struct oauth *o, const char *token);
/* Answers to a request for a token: the status, and the body into out. */
unsigned oauth_token(struct oauth *o, const char *key, const char *form, struct buf *out);
unsigned oauth_login(struct oauth *o, const char *key, const char *body, struct buf *out);
/* /_admin/oauth: life=SECONDS, uses=N, rotate=0|1; revoke: no token that was given is good any more. */
void oauth_set(struct oauth *o, const char *name, const char *value);
#endif
