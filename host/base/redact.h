/* redact.h - the secrets of this process, and their removal from every text that leaves it.
 *
 * A secret is registered once, when it is read (config keys marked airbyte_secret, tokens that
 * were fetched); from then on redact_text replaces each occurrence with "****".  Secrets of
 * fewer than 4 bytes are not registered: they would eat ordinary text.  Thread-safe. */
#ifndef ABHOST_REDACT_H
#define ABHOST_REDACT_H
#include <stddef.h>

/* Copies the secret; also registers its percent-encoded and base64 forms, what JSON makes of it in the spellings that are about
 * (and JSON inside of JSON), and each line of several. -1: no memory. */
int redact_add(const char *secret, size_t len);
/* Replaces in place, never longer than before; returns text. */
char *redact_text(char *text);
/* Wipes and forgets all secrets. */
void redact_fini(void);
#endif
