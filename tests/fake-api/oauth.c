/* oauth.c - see oauth.h. */
#include "oauth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

void
oauth_init(struct oauth *o)
{
	memset(o, 0, sizeof(*o));
	pthread_mutex_init(&o->lock, NULL);
}

int
oauth_takes(struct oauth *o, const char *token)
{
	unsigned n;
	int good;

	if (strncmp(token, "fake-access-", 12) != 0)
		return 0;
	n = (unsigned)strtoul(token + 12, NULL, 10);
	pthread_mutex_lock(&o->lock);
	good = !o->is_over && n > o->revoked && n <= o->issued &&
	    (o->token[n % OAUTH_TOKENS].until_us == 0 ||
		clock_mono_us() < o->token[n % OAUTH_TOKENS].until_us) &&
	    o->token[n % OAUTH_TOKENS].left != 0;
	if (good && o->token[n % OAUTH_TOKENS].left > 0)
		o->token[n % OAUTH_TOKENS].left--;
	pthread_mutex_unlock(&o->lock);
	return good;
}

/* The decoded value of a field of the form, "" where it has none. */
static const char *
field(const char *form, const char *name, char out[1024])
{
	size_t len = strlen(name), n = 0;
	char hex[3] = "";

	while (form != NULL && (strncmp(form, name, len) != 0 || form[len] != '=')) {
		form = strchr(form, '&');
		form = form == NULL ? NULL : form + 1;
	}
	for (form = form == NULL ? "" : form + len + 1; *form != '\0' && *form != '&' && n < 1023;
	     form++) {
		if (*form == '%' && form[1] != '\0' && form[2] != '\0') {
			memcpy(hex, form + 1, 2);
			out[n++] = (char)strtol(hex, NULL, 16);
			form += 2;
		} else {
			out[n++] = (char)(*form == '+' ? ' ' : *form);
		}
	}
	out[n] = '\0';
	return out;
}

static unsigned
refuse(struct buf *out, unsigned status, const char *error, const char *description)
{
	buf_addf(out, "{\"error\":\"%s\",\"error_description\":\"%s\"}", error, description);
	return status;
}

/* Under lock. */
static unsigned
next_token(struct oauth *o)
{
	unsigned n = ++o->issued;

	o->token[n % OAUTH_TOKENS].until_us =
	    o->life_s == 0 ? 0 : clock_mono_us() + o->life_s * 1000000;
	o->token[n % OAUTH_TOKENS].left = o->uses == 0 ? -1 : o->uses;
	return n;
}

/* Which refresh token this is: 0 the first, -1 none of ours. */
static long
refresh_number(const char *key, const char *token)
{
	if (strcmp(token, key) == 0)
		return 0;
	return strncmp(token, "fake-refresh-", 13) == 0 ? strtol(token + 13, NULL, 10) : -1;
}

/* Under lock. */
static unsigned
refresh(struct oauth *o, const char *key, const char *token, struct buf *out)
{
	long n = refresh_number(key, token);

	if (o->is_over)
		return refuse(out, 400, "invalid_grant", "All tokens were revoked");
	if (n < 0 || n > (long)o->refreshes)
		return refuse(out, 400, "invalid_grant", "No such refresh token");
	if (n < (long)o->refreshes) {
		o->is_over = 1;
		return refuse(out, 400, "invalid_grant", "The refresh token was used before");
	}
	return 200;
}

/* Under lock: the grant is good? */
static unsigned
judge(struct oauth *o, const char *key, const char *form, int *refreshes, struct buf *out)
{
	char grant[1024], id[1024], secret[1024];

	field(form, "grant_type", grant);
	*refreshes = strcmp(grant, "refresh_token") == 0;
	if (*refreshes)
		return refresh(o, key, field(form, "refresh_token", secret), out);
	if (strcmp(grant, "client_credentials") == 0) {
		field(form, "client_id", id);
		field(form, "client_secret", secret);
		return strcmp(id, "me") == 0 && strcmp(secret, key) == 0
		    ? 200
		    : refuse(out, 401, "invalid_client", "No such client");
	}
	if (strcmp(grant, "password") == 0) {
		field(form, "username", id);
		field(form, "password", secret);
		return strcmp(id, "me") == 0 && strcmp(secret, key) == 0
		    ? 200
		    : refuse(out, 400, "invalid_grant", "Wrong name or password");
	}
	return refuse(out, 400, "unsupported_grant_type", "Not here");
}

unsigned
oauth_token(struct oauth *o, const char *key, const char *form, struct buf *out)
{
	int refreshes;
	unsigned status;

	pthread_mutex_lock(&o->lock);
	status = judge(o, key, form, &refreshes, out);
	if (status == 200) {
		buf_addf(out, "{\"access_token\":\"fake-access-%u\",\"token_type\":\"bearer\"",
		    next_token(o));
		if (o->life_s != 0)
			buf_addf(out, ",\"expires_in\":%ld", o->life_s);
		if (refreshes && o->rotate)
			buf_addf(out, ",\"refresh_token\":\"fake-refresh-%u\"", ++o->refreshes);
		buf_adds(out, "}");
	}
	pthread_mutex_unlock(&o->lock);
	return status;
}

unsigned
oauth_login(struct oauth *o, const char *key, const char *body, struct buf *out)
{
	char wanted[512];

	snprintf(wanted, sizeof(wanted), "\"password\":\"%s\"", key);
	if (strstr(body, "\"user\":\"me\"") == NULL || strstr(body, wanted) == NULL) {
		buf_adds(out, "{\"message\":\"Wrong name or password\"}");
		return 401;
	}
	pthread_mutex_lock(&o->lock);
	buf_addf(out, "{\"session\":{\"id\":\"fake-access-%u\"}}", next_token(o));
	pthread_mutex_unlock(&o->lock);
	return 200;
}

void
oauth_set(struct oauth *o, const char *name, const char *value)
{
	long n = strtol(value, NULL, 10);

	pthread_mutex_lock(&o->lock);
	if (strcmp(name, "life") == 0)
		o->life_s = n;
	else if (strcmp(name, "uses") == 0)
		o->uses = n;
	else if (strcmp(name, "rotate") == 0)
		o->rotate = n != 0;
	else if (strcmp(name, "revoke") == 0)
		o->revoked = o->issued;
	pthread_mutex_unlock(&o->lock);
}
