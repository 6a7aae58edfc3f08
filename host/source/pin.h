/* pin.h - the SHA-256 that a connector's file had when it was installed: beside the file, as FILE.pin, a JSON object.
 *
 * Where there is a pin, what is loaded are the very bytes that were compared with it: they are copied into memory that
 * nobody can write to any more, and the file is not looked at again.  A pin guards against a file that is not what
 * its user once chose; whoever may write into the folder can write a pin, too. */
#ifndef ABHOST_PIN_H
#define ABHOST_PIN_H
#include "base/error.h"

#define PIN_SUFFIX ".pin"
#define PIN_HEX	   65 /* bytes of a SHA-256 as text */
#define PIN_SHORT  12 /* of them, in tables and sentences */

enum pin_state {
	PIN_NONE,   /* there is no pin */
	PIN_HELD,   /* the file is what it was */
	PIN_CHANGED /* it is not, or the pin says nothing that can be understood */
};

struct pin {
	char sha256[PIN_HEX];
	char *source, *installed; /* from where and when, for people; NULL: not said */
};

/* The pin of the file `path`.  AB_OK with sha256 "" where there is none.  fini in any case. */
ab_status pin_read(const char *path, struct pin *out, struct error *e);
void pin_fini(struct pin *p);
/* {"format": 1, ...} into an open file. */
ab_status pin_write(const struct pin *p, int fd, struct error *e);

/* The digest of an open file, from its beginning.  to >= 0: its bytes are also written there. */
ab_status pin_digest(int fd, int to, char hex[PIN_HEX], struct error *e);
/* Compares an open file with its pin.  PIN_HELD: *fd is now a copy in sealed memory, the file is closed.  PIN_CHANGED:
 * AB_ECONFIG, and why; sentences do not name the file. */
ab_status
pin_check(const char *path, int *fd, struct pin *out, enum pin_state *state, struct error *e);

/* Keeps installers of the folder of `path` out while a file and its pin are read, or the other way round (exclusive).
 * Returns a descriptor to close, or -1: no such lock can be had within seconds. */
int pin_lock(const char *path, int exclusive);
#endif
