/* jsonread.c - see jsonread.h. */
#include "data/jsonread.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

#define RESERVE_BYTES (256u << 10) /* touched only where memory is short */
#define LARGE_BYTES \
	(64u \
	    << 10) /* of the reserve for the buffer of one text; a longer one has a room of its own */
#define ALIGN	 16u
#define FILE_MAX ((size_t)1 << 30)

/* What one reading that ran out of memory may use until it ends.  Others wait: told that there is nothing, jansson would read
 * beyond a buffer that could not grow.
 *
 * It is enough, because a reading that lacks something is told that its text is at its end: behind that are only the bytes
 * that it has already (at most 1024, which nested arrays make 112 KiB of), and one growth of the buffer of the text that it
 * is in, to twice that text. */
static _Alignas(ALIGN) char reserve[RESERVE_BYTES];
static pthread_mutex_t reserve_taken = PTHREAD_MUTEX_INITIALIZER;
static size_t reserve_used;

/* Of this thread. */
static _Thread_local struct {
	int reads, lacked, has_reserve, has_room;
	char *
	    room; /* for that growth, where a text is large; taken before it is read, since later is too late */
	size_t room_size;
} mine;

static void *
take_reserve(size_t size)
{
	char *p;

	if (size >
	    LARGE_BYTES) { /* a tree's tables are as large, too; that they lack is well understood */
		p = mine.has_room && size <= mine.room_size ? mine.room : NULL;
		mine.has_room = 0;
		return p;
	}
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
	if (p == NULL || p == mine.room)
		return;
	if ((char *)p < reserve || (char *)p >= reserve + RESERVE_BYTES)
		free(p);
}

/* Before any thread, and before jansson gives out anything. */
__attribute__((constructor)) static void
watch(void)
{
	json_set_alloc_funcs(watched_malloc, watched_free);
}

static int
begin(size_t len)
{
	mine.reads = 1;
	mine.lacked = mine.has_room = 0;
	if (len < LARGE_BYTES / 2 - 64)
		return 0;
	mine.room_size = 2 * len + 64;
	mine.room = malloc(mine.room_size);
	mine.has_room = mine.room != NULL;
	mine.lacked = mine.room == NULL;
	return mine.room == NULL ? -1 : 0;
}

static void
tell(json_error_t *where, enum json_error_code code, const char *text, int why)
{
	if (where == NULL)
		return;
	*where = (json_error_t){.line = -1, .column = -1};
	snprintf(where->text, sizeof(where->text) - 1, "%s%s%s", text, why != 0 ? ": " : "",
	    why != 0 ? strerror(why) : "");
	where->text[sizeof(where->text) - 1] = (char)code;
}

/* Takes root. */
static json_t *
end(json_t *root, json_error_t *where)
{
	if (mine.lacked) {
		json_decref(root);
		root = NULL;
		tell(where, json_error_out_of_memory, "not enough memory", 0);
	}
	if (mine.has_reserve) {
		reserve_used = 0;
		mine.has_reserve = 0;
		pthread_mutex_unlock(&reserve_taken);
	}
	free(mine.room);
	mine.room = NULL;
	mine.reads = 0;
	return root;
}

struct feed {
	const char *at;
	size_t left;
};

/* The next bytes of a text; none where memory is short. */
static size_t
feed_next(void *to, size_t room, void *data)
{
	struct feed *feed = data;
	size_t n = mine.lacked ? 0 : feed->left < room ? feed->left : room;

	memcpy(to, feed->at, n);
	feed->at += n;
	feed->left -= n;
	return n;
}

json_t *
jsonread_text(const char *text, size_t len, size_t flags, json_error_t *where)
{
	struct feed feed = {text, len};
	json_t *root = NULL;

	if (begin(len) == 0)
		root = json_load_callback(text != NULL ? feed_next : NULL, &feed, flags, where);
	return end(root, where);
}

json_t *
jsonread_string(const char *text, size_t flags, json_error_t *where)
{
	return jsonread_text(text, text != NULL ? strlen(text) : 0, flags, where);
}

/* All of a file.  -1: errno says why; 0 there: no memory. */
static int
read_all(int fd, struct buf *b)
{
	const size_t step = 16384;
	ssize_t n = 1;

	while (n != 0) {
		char *to = buf_reserve(b, b->cap - b->len > step ? b->cap - b->len - 1 : step);

		errno = 0;
		if (to == NULL)
			return -1;
		n = read(fd, to, b->cap - b->len - 1);
		if (n < 0 && errno != EINTR)
			return -1;
		b->len += n > 0 ? (size_t)n : 0;
	}
	return buf_add(b, "", 0);
}

json_t *
jsonread_fd(int fd, size_t flags, json_error_t *where)
{
	json_t *root = NULL;
	struct buf b;

	buf_init(&b, FILE_MAX);
	if (read_all(fd, &b) == 0)
		root = jsonread_text(buf_str(&b), b.len, flags, where);
	else if (errno == 0)
		tell(where, json_error_out_of_memory, "not enough memory", 0);
	else
		tell(where, json_error_cannot_open_file, "cannot be read", errno);
	if (b.ptr != NULL)
		explicit_bzero(b.ptr, b.cap); /* secrets files are read so */
	buf_fini(&b);
	return root;
}

json_t *
jsonread_file(const char *path, size_t flags, json_error_t *where)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	json_t *root = NULL;

	if (fd < 0) {
		tell(where, json_error_cannot_open_file, "cannot be opened", errno);
		return NULL;
	}
	root = jsonread_fd(fd, flags, where);
	close(fd);
	return root;
}

int
jsonread_lacked(const json_error_t *where)
{
	return json_error_code(where) == json_error_out_of_memory;
}
