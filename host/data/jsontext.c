/* jsontext.c - see jsontext.h. */
#include "data/jsontext.h"

#include <stdint.h>

#include "base/buf.h"

static int
add(const char *bytes, size_t len, void *to)
{
	return buf_add(to, bytes, len);
}

char *
jsontext_make(const json_t *v, size_t flags)
{
	struct buf text;
	char *made = NULL;

	buf_init(&text, SIZE_MAX / 4);
	if (json_dump_callback(v, add, &text, flags) == 0 && !text.failed)
		made = buf_steal(&text);
	buf_fini(&text);
	return made;
}
