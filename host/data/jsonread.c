/* jsonread.c - see jsonread.h. */
#include "data/jsonread.h"

/* Takes both. */
static json_t *
agreed(json_t *root, json_t *again, const json_error_t *where, int *failed)
{
	*failed = root == NULL ? json_error_code(where) == json_error_out_of_memory
			       : !json_equal(root, again);
	json_decref(again);
	if (!*failed)
		return root;
	json_decref(root);
	return NULL;
}

json_t *
jsonread_text(const char *text, size_t len, size_t flags, json_error_t *where, int *failed)
{
	json_t *root = json_loadb(text, len, flags, where);

	return agreed(
	    root, root == NULL ? NULL : json_loadb(text, len, flags, NULL), where, failed);
}

json_t *
jsonread_file(const char *path, size_t flags, json_error_t *where, int *failed)
{
	json_t *root = json_load_file(path, flags, where);

	return agreed(root, root == NULL ? NULL : json_load_file(path, flags, NULL), where, failed);
}
