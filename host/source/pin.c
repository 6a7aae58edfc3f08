/* pin.c - see pin.h.  Must never let a file whose bytes differ from its pin through, whoever changes it meanwhile. */
#define _GNU_SOURCE /* memfd_create */
#include "source/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "data/config.h"

#define BLOCK	 65536
#define MAX_PIN	 65536u
#define LOCK_MS	 5000
#define STEP_MS	 10
#define MAX_PATH 4096u

_Static_assert(PIN_HEX == 2 * SHA256_DIGEST_SIZE + 1, "a digest's text");

static void
end_digest(struct sha256_ctx *digest, char hex[PIN_HEX])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[SHA256_DIGEST_SIZE];

	sha256_digest(digest, sizeof(bytes), bytes);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	hex[PIN_HEX - 1] = '\0';
}

ab_status
pin_digest(int fd, int to, char hex[PIN_HEX], struct error *e)
{
	char block[BLOCK];
	struct sha256_ctx digest;
	off_t at = 0;
	ssize_t n;

	sha256_init(&digest);
	while ((n = pread(fd, block, sizeof(block), at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(e, AB_ECONFIG, "cannot be read: %s", strerror(errno));
		sha256_update(&digest, (size_t)n, (const uint8_t *)block);
		if (to >= 0 && file_write(to, block, (size_t)n) != 0)
			return error_set(e, AB_ETRANSIENT, "cannot be copied: %s", strerror(errno));
		at += n;
	}
	end_digest(&digest, hex);
	return AB_OK;
}

/* The text of a small file; AB_OK and "" where there is none. */
static ab_status
read_text(const char *path, struct buf *out, struct error *e)
{
	struct stat st;
	ssize_t n = 0;
	char *to;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && errno == ENOENT)
		return AB_OK;
	if (fd < 0 || fstat(fd, &st) != 0)
		error_set(e, AB_ECONFIG, "its pin cannot be read: %s", strerror(errno));
	else if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > (off_t)MAX_PIN)
		error_set(e, AB_ECONFIG, "its pin (" PIN_SUFFIX ") is no pin");
	else if ((to = buf_reserve(out, (size_t)st.st_size)) == NULL)
		error_set(e, AB_ENOMEM, "no memory for its pin");
	else if ((n = pread(fd, to, (size_t)st.st_size, 0)) != st.st_size)
		error_set(e, AB_ECONFIG, "its pin cannot be read: %s",
		    n < 0 ? strerror(errno) : "it is cut short");
	else
		out->len = (size_t)n;
	if (fd >= 0)
		close(fd);
	return e->status;
}

static int
is_digest(const char *text)
{
	return text != NULL && strlen(text) == PIN_HEX - 1 &&
	    strspn(text, "0123456789abcdef") == PIN_HEX - 1;
}

static char *
copy_member(const json_t *pin, const char *key, int *failed)
{
	const char *text = json_string_value(json_object_get(pin, key));
	char *made = text != NULL ? strdup(text) : NULL;

	*failed |= text != NULL && made == NULL;
	return made;
}

static ab_status
parse(const struct buf *text, struct pin *out, struct error *e)
{
	const char *sha256;
	int failed = 0;
	json_t *pin;

	if (config_parse(buf_str(text), text->len, "its pin", AB_ECONFIG, &pin, e) != AB_OK)
		return e->status;
	sha256 = json_string_value(json_object_get(pin, "sha256"));
	if (json_integer_value(json_object_get(pin, "format")) != 1)
		error_set(e, AB_ECONFIG,
		    "its pin is of a format that this abhost does not know: use a newer one");
	else if (!is_digest(sha256))
		error_set(e, AB_ECONFIG, "its pin has no \"sha256\" of 64 hexadecimal digits");
	else
		memcpy(out->sha256, sha256, PIN_HEX);
	out->source = copy_member(pin, "source", &failed);
	out->installed = copy_member(pin, "installed", &failed);
	if (failed)
		error_set(e, AB_ENOMEM, "no memory for its pin");
	json_decref(pin);
	return e->status;
}

ab_status
pin_read(const char *path, struct pin *out, struct error *e)
{
	struct error why = ERROR_INIT;
	struct buf name, text;

	*out = (struct pin){.source = NULL};
	buf_init(&name, MAX_PATH + sizeof(PIN_SUFFIX));
	buf_init(&text, MAX_PIN + 1);
	buf_addf(&name, "%s" PIN_SUFFIX, path);
	if (name.failed)
		error_set(&why, AB_ECONFIG, "the path is too long");
	else if (read_text(name.ptr, &text, &why) == AB_OK && text.len > 0)
		parse(&text, out, &why);
	buf_fini(&name);
	buf_fini(&text);
	return why.status == AB_OK ? AB_OK : error_set(e, why.status, "%s", why.text);
}

void
pin_fini(struct pin *p)
{
	free(p->source);
	free(p->installed);
	*p = (struct pin){.source = NULL};
}

static void
add_member(struct buf *b, const char *key, const char *text)
{
	if (text == NULL)
		return;
	buf_addf(b, ",\n  \"%s\": ", key);
	buf_add_json_string(b, text, strlen(text));
}

ab_status
pin_write(const struct pin *p, int fd, struct error *e)
{
	struct buf b;

	buf_init(&b, MAX_PIN);
	buf_adds(&b, "{\n  \"format\": 1");
	add_member(&b, "sha256", p->sha256);
	add_member(&b, "source", p->source);
	add_member(&b, "installed", p->installed);
	buf_adds(&b, "\n}\n");
	if (b.failed)
		error_set(e, AB_ENOMEM, "no memory for its pin");
	else if (file_write(fd, b.ptr, b.len) != 0)
		error_set(e, AB_ETRANSIENT, "cannot be written: %s", strerror(errno));
	buf_fini(&b);
	return e->status;
}

static ab_status
compare(int *fd, int copy, const struct pin *pin, struct error *e)
{
	char now[PIN_HEX];

	if (copy < 0)
		return error_set(e, AB_ETRANSIENT, "no memory for a copy: %s", strerror(errno));
	if (pin_digest(*fd, copy, now, e) != AB_OK)
		return e->status;
	if (strcmp(now, pin->sha256) != 0)
		return error_set(e, AB_ECONFIG,
		    "the file changed since it was installed (pin %.*s..., now %.*s...): install it again from "
		    "a file that you trust (abhost install --force FILE), or remove it (abhost remove)",
		    PIN_SHORT, pin->sha256, PIN_SHORT, now);
	if (fcntl(copy, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		return error_set(
		    e, AB_EUNSUPPORTED, "memory cannot be sealed: %s", strerror(errno));
	return AB_OK;
}

ab_status
pin_check(const char *path, int *fd, struct pin *out, enum pin_state *state, struct error *e)
{
	ab_status rc = pin_read(path, out, e);
	int copy;

	*state = rc == AB_OK ? PIN_NONE : PIN_CHANGED;
	if (rc != AB_OK || out->sha256[0] == '\0')
		return rc;
	copy = memfd_create("abhost-pinned", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	rc = compare(fd, copy, out, e);
	*state = rc == AB_OK ? PIN_HELD : PIN_CHANGED;
	if (rc == AB_OK) {
		close(*fd);
		*fd = copy;
	} else if (copy >= 0) {
		close(copy);
	}
	return rc;
}

int
pin_lock(const char *path, int exclusive)
{
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
	int fd = file_open_folder(path);
	int how = (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;

	for (int ms = 0; fd >= 0 && flock(fd, how) != 0; ms += STEP_MS) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || ms >= LOCK_MS) {
			close(fd);
			return -1;
		}
		nanosleep(&step, NULL);
	}
	return fd;
}
