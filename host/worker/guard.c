/* guard.c - see guard.h. */
#include "worker/guard.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIECES 4096 /* that are remembered */

struct piece {
	char *from;
	size_t bytes; /* 0: none here */
	int lives;    /* it is sealed, and still in use */
	char phrase[GUARD_PHRASE];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct piece pieces[PIECES];
static unsigned next_piece;
static __thread char phrase_now[GUARD_PHRASE];

static size_t
round_up(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

static void *
guard_get(size_t bytes)
{
	void *p;

	if (bytes > SIZE_MAX / 2)
		return NULL;
	p = mmap(NULL, round_up(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

/* The place of the oldest that was dropped; the sealed are few, one for each source. */
static struct piece *
find_place(void)
{
	struct piece *p;

	do
		p = &pieces[next_piece++ % PIECES];
	while (p->lives);
	return p;
}

/* A piece of before that has its place is given back to the system: it is so old that nobody will look for it. */
static void
remember(char *from, size_t bytes, const char *phrase, int lives)
{
	struct piece *p;

	pthread_mutex_lock(&lock);
	p = find_place();
	if (p->bytes > 0)
		munmap(p->from, p->bytes);
	p->bytes = 0;
	p->lives = lives;
	snprintf(p->phrase, sizeof(p->phrase), "%s", phrase);
	p->from = from;
	p->bytes = bytes;
	pthread_mutex_unlock(&lock);
}

/* A sealed piece is remembered already.  phrase NULL: it is to be forgotten. */
static int
rename_piece(const char *from, const char *phrase)
{
	int found = 0;

	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < PIECES && !found; i++)
		if (pieces[i].bytes > 0 && pieces[i].from == from) {
			if (phrase == NULL)
				pieces[i].bytes = 0;
			else
				snprintf(pieces[i].phrase, sizeof(pieces[i].phrase), "%s", phrase);
			pieces[i].lives = 0;
			found = 1;
		}
	pthread_mutex_unlock(&lock);
	return found;
}

static void
guard_drop(void *piece, size_t bytes)
{
	bytes = round_up(bytes);
	madvise(piece, bytes, MADV_DONTNEED);
	if (mprotect(piece, bytes, PROT_NONE) != 0) {
		/* what comes to stand in its place is nobody's that was dropped */
		rename_piece(piece, NULL);
		munmap(piece, bytes);
	} else if (!rename_piece(piece, phrase_now))
		remember(piece, bytes, phrase_now, 0);
}

const struct arena_memory guard_memory = {guard_get, guard_drop};

void
guard_say(const char *phrase)
{
	snprintf(phrase_now, sizeof(phrase_now), "%s", phrase);
}

int
guard_seal(void *piece, size_t bytes, const char *phrase)
{
	bytes = round_up(bytes);
	if (mprotect(piece, bytes, PROT_READ) != 0)
		return -1;
	remember(piece, bytes, phrase, 1);
	return 0;
}

/* Takes no lock: it may run inside of whoever holds it. */
const char *
guard_find(const void *address)
{
	uintptr_t at = (uintptr_t)address;

	for (unsigned i = 0; i < PIECES; i++)
		if (pieces[i].bytes > 0 && at - (uintptr_t)pieces[i].from < pieces[i].bytes)
			return pieces[i].phrase;
	return NULL;
}
