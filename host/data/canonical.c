/* canonical.c - see canonical.h. */
#include "data/canonical.h"

#include <jansson.h>
#include <string.h>

#include "data/jsonread.h"
#include "data/jsontext.h"

char *
canonical_json(const char *text, size_t len)
{
	json_error_t where;
	json_t *v = jsonread_text(text, len, JSON_DECODE_ANY, &where);
	char *out = NULL;

	if (v != NULL)
		out = jsontext_make(v, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);
	else if (!jsonread_lacked(&where))
		out = strndup(text, len);
	json_decref(v);
	return out;
}
