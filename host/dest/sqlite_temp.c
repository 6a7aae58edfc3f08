/* sqlite_temp.c - what SQLite sorts, to make an index for rows that are there already or to find those that are the same:
 * how much of it is in memory, and where the rest lies; see sqlite.h.
 *
 * The sorter takes what the page cache may take (PRAGMA cache_size), writes that out and merges the pieces.  Its files have
 * no name and are gone with the process. */
#include "dest/sqlite.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_PAGES \
	64 /* of the sorter; SQLite's 250 would be more than the least --memory has for all of this */

/* Before SQLite is used for the first time; afterwards it takes no settings, and does as it would by itself. */
static void
set_up(void)
{
	sqlite3_config(SQLITE_CONFIG_PMASZ, LEAST_PAGES);
	/* what a statement would need to take itself back is little, and costs less where it is */
	sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
}

void
sqlite_temp_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, set_up);
}

const char *
sqlite_temp_chosen(void)
{
	const char *chosen = getenv("SQLITE_TMPDIR");

	return chosen != NULL ? chosen : getenv("TMPDIR");
}

int
sqlite_temp_place(struct sqlite *d)
{
	const char *path = sqlite3_db_filename(d->db, "main"), *slash;

	sqlite3_free(sqlite3_temp_directory);
	sqlite3_temp_directory = NULL;
	if (sqlite_temp_chosen() != NULL || path == NULL || (slash = strrchr(path, '/')) == NULL)
		return 0;
	sqlite3_temp_directory = sqlite3_mprintf("%.*s", (int)(slash - path) + 1, path);
	return sqlite3_temp_directory == NULL ? -1 : 0;
}
