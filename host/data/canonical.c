/* canonical.c - see canonical.h. */
#include "data/canonical.h"

#include <jansson.h>
#include <string.h>

#include "data/jsontext.h"

char *
canonical_json(const char *text, size_t len)
{
	json_t *v = json_loadb(text, len, JSON_DECODE_ANY, NULL);
	char *out = v == NULL ? strndup(text, len)
			      : jsontext_make(v, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);

	json_decref(v);
	return out;
}
