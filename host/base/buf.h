/* buf.h - a growing run of bytes with a hard maximum, chosen once.
 *
 * ptr[len] is always '\0' once anything was added.  A function that fails returns -1, leaves
 * the content as it was, and sets `failed`, which stays: a caller may add many pieces and look
 * once.  Not thread-safe. */
#ifndef ABHOST_BUF_H
#define ABHOST_BUF_H
#include <stdarg.h>
#include <stddef.h>

struct buf {
	char *ptr;
	size_t len, cap, max;
	int failed; /* an add did not fit below max, or memory ran out */
};

/* An empty buffer that will never hold more than `max` bytes; allocates nothing. */
void buf_init(struct buf *b, size_t max);
/* Frees the bytes; the buffer is empty again and may be used again. */
void buf_fini(struct buf *b);
/* Drops the content and `failed`, keeps the memory. */
void buf_reset(struct buf *b);
/* Room for `n` more bytes behind len (and a NUL); returns where to write, or NULL. */
char *buf_reserve(struct buf *b, size_t n);
int buf_add(struct buf *b, const void *bytes, size_t n);
int buf_addc(struct buf *b, char c);
int buf_adds(struct buf *b, const char *text);
int buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Appends `n` bytes as a JSON string, quotes included; invalid UTF-8 becomes U+FFFD. */
int buf_add_json_string(struct buf *b, const char *text, size_t n);
/* The content as a string, "" when empty. */
const char *buf_str(const struct buf *b);
/* Hands the bytes (malloc'ed, NUL-terminated) to the caller; the buffer is empty. NULL: no memory. */
char *buf_steal(struct buf *b);
#endif
