/* body.c - see body.h. */
#include <config.h>

#include "net/body.h"

#include <string.h>
#include <sys/mman.h>

#define STEP ((size_t)64 << 10)

void
body_init(struct body *b, size_t max)
{
	*b = (struct body){.max = max};
}

void
body_fini(struct body *b)
{
	if (b->ptr != NULL)
		munmap(b->ptr, b->cap + BODY_PADDING);
	body_init(b, b->max);
}

static int
grow(struct body *b, size_t need)
{
	size_t bytes = b->cap + b->cap / 2;
	void *ptr;

	if (bytes < need)
		bytes = need;
	if (bytes > (size_t)-1 - BODY_PADDING - STEP)
		return -1;
	bytes = (bytes + BODY_PADDING + STEP - 1) / STEP * STEP;
	if (b->ptr == NULL)
		ptr = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	else
		ptr = mremap(b->ptr, b->cap + BODY_PADDING, bytes, MREMAP_MAYMOVE);
	if (ptr == MAP_FAILED)
		return -1;
	b->ptr = ptr;
	b->cap = bytes - BODY_PADDING;
	return 0;
}

int
body_reserve(struct body *b, size_t n)
{
	if (n > b->max || b->len > b->max - n)
		return -1;
	return b->ptr != NULL && b->len + n <= b->cap ? 0 : grow(b, b->len + n);
}

int
body_add(struct body *b, const char *bytes, size_t n)
{
	if (body_reserve(b, n) != 0)
		return -1;
	memcpy(b->ptr + b->len, bytes, n);
	b->len += n;
	return 0;
}

int
body_close(struct body *b)
{
	if (body_reserve(b, 0) != 0)
		return -1;
	memset(b->ptr + b->len, 0, BODY_PADDING);
	return 0;
}
