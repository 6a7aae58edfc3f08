/* redact.c - see redact.h.  A secret that cannot be stored is an error, never a risk taken. */
#include "base/redact.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/utf8.h"

#define SHORTEST      4u
#define SHORTEST_LINE 8u /* of a secret of several lines */
#define MOST_TIMES    8u /* as long: a control character is \u0001, and inside of JSON \\u0001 */

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

/* How JSON is spelled by those who print it: everything as it is, "/" or what is not ASCII or what HTML minds escaped. */
enum spelling { AS_IT_IS = 0, SLASH = 1, ASCII = 2, HTML = 4 };

static int
add_units(struct buf *out, const char *s, size_t len)
{
	unsigned long c = (unsigned char)s[0] & (0xffu >> (len + 1));

	for (size_t i = 1; i < len; i++)
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	if (c < 0x10000)
		return buf_addf(out, "\\u%04lx", c);
	c -= 0x10000;
	return buf_addf(out, "\\u%04lx\\u%04lx", 0xd800 + (c >> 10), 0xdc00 + (c & 0x3ff));
}

/* What stands in json[0, n), the inside of a JSON string, in another spelling. */
static int
spell(struct buf *out, const char *json, size_t n, int how)
{
	int rc = 0;
	size_t len;

	for (; n > 0; json += len, n -= len) {
		len = utf8_len(json, n);
		if (len > 1 && how & ASCII)
			rc |= add_units(out, json, len);
		else if (*json == '/' && how & SLASH)
			rc |= buf_adds(out, "\\/");
		else if (strchr("<>&", *json) != NULL && how & HTML)
			rc |= buf_addf(out, "\\u%04x", (unsigned)*json);
		else
			rc |= buf_add(out, json, len > 0 ? len : 1);
		len += len == 0;
	}
	return rc;
}

/* Appends text[0, n) as the inside of a JSON string. */
static int
add_inside(struct buf *out, const char *text, size_t n)
{
	size_t at = out->len;

	if (buf_add_json_string(out, text, n) != 0)
		return -1;
	out->len -= 2;
	memmove(out->ptr + at, out->ptr + at + 1, out->len - at);
	return 0;
}

/* Where forms are made: room for the longest, so that nothing of a secret is left where a buffer was before it grew. */
struct forms {
	struct buf plain, once, twice;
};

static int
forms_init(struct forms *f, size_t len)
{
	struct buf *all[] = {&f->plain, &f->once, &f->twice};
	size_t room = MOST_TIMES * len + 8;
	int rc = 0;

	for (size_t i = 0; i < 3; i++) {
		buf_init(all[i], room);
		if (buf_reserve(all[i], room) == NULL)
			rc = -1;
	}
	return rc;
}

static void
forms_fini(struct forms *f)
{
	struct buf *all[] = {&f->plain, &f->once, &f->twice};

	for (size_t i = 0; i < 3; i++) {
		if (all[i]->ptr != NULL)
			explicit_bzero(all[i]->ptr, all[i]->cap);
		buf_fini(all[i]);
	}
}

/* In each spelling, and that in JSON that is a string of JSON. */
static int
insert_json(const char *text, size_t len, struct forms *f)
{
	static const int spellings[] = {AS_IT_IS, SLASH, ASCII, SLASH | ASCII, HTML};
	int rc;

	buf_reset(&f->plain);
	rc = add_inside(&f->plain, text, len);
	for (size_t i = 0; rc == 0 && i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		buf_reset(&f->once);
		buf_reset(&f->twice);
		rc |= spell(&f->once, f->plain.ptr, f->plain.len, spellings[i]);
		rc |= add_inside(&f->twice, f->once.ptr, f->once.len);
		if (rc == 0)
			rc = insert(f->once.ptr, f->once.len) | insert(f->twice.ptr, f->twice.len);
	}
	return rc;
}

/* A key in PEM is often shown a line at a time. */
static int
insert_lines(const char *text, size_t len, struct forms *f)
{
	const char *end = text + len, *p, *q;
	int rc = 0;

	for (p = text; p < end; p = q + 1) {
		for (q = p; q < end && *q != '\n' && *q != '\r'; q++)
			continue;
		if ((size_t)(q - p) < SHORTEST_LINE || (size_t)(q - p) == len)
			continue;
		rc |= insert(p, (size_t)(q - p));
		rc |= insert_json(p, (size_t)(q - p), f);
	}
	return rc;
}

int
redact_add(const char *secret, size_t len)
{
	struct forms f;
	int rc;

	if (len < SHORTEST)
		return 0;
	if (len > (size_t)-1 / 32)
		return -1;
	rc = forms_init(&f, len);
	pthread_mutex_lock(&lock);
	if (rc == 0) {
		rc |= insert(secret, len);
		rc |= insert(f.once.ptr, percent(secret, len, f.once.ptr));
		rc |= insert(f.once.ptr, base64_encode(secret, len, f.once.ptr));
		rc |= spell(&f.once, secret, len, SLASH);
		rc |= insert(f.once.ptr, f.once.len);
		rc |= insert_json(secret, len, &f);
		rc |= insert_lines(secret, len, &f);
	}
	pthread_mutex_unlock(&lock);
	forms_fini(&f);
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
