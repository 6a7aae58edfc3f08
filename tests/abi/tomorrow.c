/* tomorrow.c - the parts of the host that take a connector's table, built with a header that has grown: what a host of
 * the next minor version makes of connectors of today.  Prints a line for each file. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "source/loader.h"
#include "worker/load.h"

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct ab_connector c;
		struct loader_file f;
		struct error e = ERROR_INIT;
		ab_status rc;

		memset(&c, 0xff, sizeof(c));
		rc = loader_find(argv[i], &f, &e);
		if (rc == AB_OK)
			rc = load_connector(
			    dup(f.fd), "it", &c, &e); /* stays open, as load.h says */
		if (rc == AB_OK)
			printf("%s built with %u.%u: %s\n", c.id, c.abi >> 16, c.abi & 0xffff,
			    c.later == NULL ? "later is NULL" : "later is there");
		else
			printf("refused: %s\n", e.text);
		loader_file_fini(&f);
	}
	return 0;
}
