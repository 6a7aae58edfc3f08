/* Pages that were compressed once and are sent again: with --gzip-once a benchmark measures its client, not zlib here.
 * Lists must not change meanwhile. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "server.h"

static size_t
slot_of(const struct packed *p, const char *target)
{
	size_t hash = 5381;

	for (const char *c = target; *c != '\0'; c++)
		hash = hash * 33 + (unsigned char)*c;
	for (hash %= PACKED_SLOTS; p->target[hash] != NULL; hash = (hash + 1) % PACKED_SLOTS)
		if (strcmp(p->target[hash], target) == 0)
			break;
	return hash;
}

int
packed_get(struct packed *p, const char *target, struct page *out)
{
	size_t slot;
	int rc = 0;

	pthread_mutex_lock(&p->lock);
	slot = slot_of(p, target);
	if (p->target[slot] != NULL)
		rc = page_set_text(out, p->bytes[slot], p->len[slot]) == 0;
	pthread_mutex_unlock(&p->lock);
	return rc;
}

void
packed_put(struct packed *p, const char *target, const char *bytes, size_t n)
{
	char *name = strdup(target), *copy = malloc(n);
	size_t slot;

	pthread_mutex_lock(&p->lock);
	slot = slot_of(p, target);
	if (name != NULL && copy != NULL && p->target[slot] == NULL &&
	    p->count < PACKED_SLOTS / 2) {
		memcpy(copy, bytes, n);
		p->target[slot] = name;
		p->bytes[slot] = copy;
		p->len[slot] = n;
		p->count++;
		name = copy = NULL;
	}
	pthread_mutex_unlock(&p->lock);
	free(name);
	free(copy);
}
