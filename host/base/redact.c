/* redact.c - see redact.h.  A secret that cannot be stored is an error, never a risk taken. */
#include "base/redact.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"

#define SHORTEST 4u

struct secret {
	struct secret *next;
	size_t len;
	char text[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct secret *secrets; /* longest first, so that a part never hides the whole */

static int
insert(const char *text, size_t len)
{
	struct secret *s, **at = &secrets;

	if (len < SHORTEST)
		return 0;
	while (*at != NULL && (*at)->len > len)
		at = &(*at)->next;
	for (s = *at; s != NULL && s->len == len; s = s->next)
		if (memcmp(s->text, text, len) == 0)
			return 0;
	s = malloc(sizeof(*s) + len + 1);
	if (s == NULL)
		return -1;
	*s = (struct secret){.next = *at, .len = len};
	memcpy(s->text, text, len);
	s->text[len] = '\0';
	*at = s;
	return 0;
}

static size_t
percent(const char *text, size_t len, char *out)
{
	static const char hex[] = "0123456789ABCDEF";
	char *p = out;

	for (; len > 0; len--, text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    strchr("-._~", c) != NULL) {
			*p++ = (char)c;
		} else {
			*p++ = '%';
			*p++ = hex[c >> 4];
			*p++ = hex[c & 15];
		}
	}
	return (size_t)(p - out);
}

int
redact_add(const char *secret, size_t len)
{
	char *form;
	int rc;

	if (len < SHORTEST)
		return 0;
	if (len > (size_t)-1 / 4 || (form = malloc(len * 3 + 8)) == NULL)
		return -1;
	pthread_mutex_lock(&lock);
	rc = insert(secret, len);
	rc |= insert(form, percent(secret, len, form));
	rc |= insert(form, base64_encode(secret, len, form));
	pthread_mutex_unlock(&lock);
	explicit_bzero(form, len * 3 + 8);
	free(form);
	return rc;
}

static void
remove_one(char *text, const struct secret *s)
{
	char *at = text;

	while ((at = strstr(at, s->text)) != NULL) {
		memcpy(at, "****", 4);
		memmove(at + 4, at + s->len, strlen(at + s->len) + 1);
		at += 4;
	}
}

char *
redact_text(char *text)
{
	pthread_mutex_lock(&lock);
	for (const struct secret *s = secrets; s != NULL; s = s->next)
		remove_one(text, s);
	pthread_mutex_unlock(&lock);
	return text;
}

void
redact_fini(void)
{
	struct secret *s;

	pthread_mutex_lock(&lock);
	while ((s = secrets) != NULL) {
		secrets = s->next;
		explicit_bzero(s->text, s->len);
		free(s);
	}
	pthread_mutex_unlock(&lock);
}
