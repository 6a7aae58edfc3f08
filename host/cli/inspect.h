/* inspect.h - what abhost inspect found out about a file, in both of its forms. */
#ifndef ABHOST_INSPECT_H
#define ABHOST_INSPECT_H
#include "cli/cli.h"

struct inspection {
	struct loader_file file; /* as far as it could be read */
	struct error why;	 /* it cannot be used */
	char sha256[PIN_HEX];	 /* of what would be loaded now; "": it cannot be read */
	int has_elf;		 /* the next ones are known */
	int has_stack_protector, has_fortified_calls;
	json_t
	    *exports; /* names of symbols that other libraries can see; NULL: they cannot be told */
	json_t *spec; /* NULL: none, or no JSON */
	json_t *kept,
	    *shown; /* paths of secrets: those that the host keeps, those that the connector may see */
};

/* Runs nothing of it.  fini in any case. */
void inspect_look(const char *name, struct inspection *out);
void inspect_fini(struct inspection *in);
/* As one JSON object; an exit code. */
int inspect_print_json(const struct inspection *in);
#endif
