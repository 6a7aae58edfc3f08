/* jsonread.c - see jsonread.h. */
#include "data/jsonread.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESERVE_BYTES (256u << 10) /* touched only where memory is short */
#define ALIGN	      16u

/* What one reading that ran out of memory may use until it ends.  Others wait: told that there is nothing, jansson would read
 * beyond a buffer that could not grow. */
static _Alignas(ALIGN) char reserve[RESERVE_BYTES];
static pthread_mutex_t reserve_taken = PTHREAD_MUTEX_INITIALIZER;
static size_t reserve_used;

/* Of this thread. */
static _Thread_local struct {
	int reads, lacked, has_reserve;
} mine;

static void *
take_reserve(size_t size)
{
	char *p;

	if (!mine.has_reserve)
		pthread_mutex_lock(&reserve_taken);
	mine.has_reserve = 1;
	if (size > RESERVE_BYTES - ALIGN - reserve_used)
		return NULL;
	p = reserve + reserve_used;
	reserve_used += (size + ALIGN - 1) / ALIGN * ALIGN;
	return p;
}

static void *
watched_malloc(size_t size)
{
	void *p = malloc(size);

	if (p != NULL || !mine.reads)
		return p;
	mine.lacked = 1;
	return take_reserve(size);
}

static void
watched_free(void *p)
{
	if ((char *)p < reserve || (char *)p >= reserve + RESERVE_BYTES)
		free(p);
}

/* Before any thread, and before jansson gives out anything. */
__attribute__((constructor)) static void
watch(void)
{
	json_set_alloc_funcs(watched_malloc, watched_free);
}

static void
begin(void)
{
	mine.reads = 1;
	mine.lacked = 0;
}

/* Takes root. */
static json_t *
end(json_t *root, json_error_t *where)
{
	if (mine.lacked) {
		json_decref(root);
		root = NULL;
		if (where != NULL) {
			snprintf(where->text, sizeof(where->text), "not enough memory");
			where->text[sizeof(where->text) - 1] = json_error_out_of_memory;
		}
	}
	if (mine.has_reserve) {
		reserve_used = 0;
		mine.has_reserve = 0;
		pthread_mutex_unlock(&reserve_taken);
	}
	mine.reads = 0;
	return root;
}

json_t *
jsonread_string(const char *text, size_t flags, json_error_t *where)
{
	begin();
	return end(json_loads(text, flags, where), where);
}

json_t *
jsonread_text(const char *text, size_t len, size_t flags, json_error_t *where)
{
	begin();
	return end(json_loadb(text, len, flags, where), where);
}

json_t *
jsonread_file(const char *path, size_t flags, json_error_t *where)
{
	begin();
	return end(json_load_file(path, flags, where), where);
}

json_t *
jsonread_fd(int fd, size_t flags, json_error_t *where)
{
	begin();
	return end(json_loadfd(fd, flags, where), where);
}

int
jsonread_lacked(const json_error_t *where)
{
	return json_error_code(where) == json_error_out_of_memory;
}
