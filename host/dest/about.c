/* about.c - see about.h. */
#include "dest/about.h"

#include <string.h>

#include "data/view.h"

#define VIEWS_MAX (16u << 20)

ab_status
about_read(const char *about, struct buf *constants, int64_t *total, struct error *e)
{
	const struct ab_json *v, *members;
	struct view_root root;
	struct ab_str text;

	if (about == NULL || about[0] == '\0')
		return AB_OK;
	view_root_init(&root, VIEWS_MAX);
	v = view_parse(&root, about, strlen(about), "about the page");
	members = view_get(v, "constants");
	if (view_type(members) == AB_OBJECT && view_len(members) > 0) {
		text = view_span(members);
		buf_add(constants, text.ptr + 1, text.len - 2);
		buf_addc(constants, ',');
	}
	if (total != NULL && view_type(view_get(v, "total")) == AB_INT)
		*total = view_int(view_get(v, "total"));
	if (root.error.status != AB_OK || constants->failed)
		error_set(e, AB_EDATA, "the constants of a page cannot be read");
	view_root_fini(&root);
	for (size_t i = 0; i < constants->len; i++)
		if (constants->ptr[i] == '\n' || constants->ptr[i] == '\r')
			constants->ptr[i] = ' ';
	return e->status;
}
