/* utf8.h - what is UTF-8 (RFC 3629) and what is not.  Pure. */
#ifndef ABHOST_UTF8_H
#define ABHOST_UTF8_H
#include <stddef.h>

/* Bytes of the sequence at s, of which n > 0 are there; 0: it is not one. */
size_t utf8_len(const char *s, size_t n);
/* 1 where all n bytes are UTF-8. */
int utf8_valid(const char *s, size_t n);
/* Copies text, made valid ('?' for each byte that is not), cut between characters where it does not fit; returns out. */
char *utf8_copy(char *out, size_t size, const char *text);
#endif
