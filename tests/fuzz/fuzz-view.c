/* libFuzzer target: views over any bytes.  What jansson accepts must read the same; what it does not must break
 * cleanly: no byte outside the text is read, and whatever was handed out can be asked for everything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_help.h"
#include "view_help.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct view_root root;
	json_t *want = NULL;
	char *exact = malloc(size > 0 ? size : 1);
	enum oracle_verdict verdict;
	const struct ab_json *v;

	if (root.arena.max == 0)
		view_root_init(&root, 16 << 20);
	if (exact == NULL)
		abort();
	memcpy(exact, data, size);
	view_root_reset(&root);
	v = view_parse(&root, exact, size, "the input");
	if (v == NULL && root.error.status == AB_OK)
		abort();
	verdict = oracle_value(exact, size, &want);
	if (verdict != ORACLE_YES) {
		view_walk(v, 0);
	} else if (!view_is(v, want) || root.error.status != AB_OK) {
		fprintf(stderr, "fuzz-view: differs: %s\n", root.error.text);
		abort();
	}
	json_decref(want);
	free(exact);
	return 0;
}
