/* secrets.c - which file a run keeps refresh tokens in that replaced those of the configuration.
 *
 * The same for every command with one configuration, or the next one would not find what the last one saved; so it lies
 * beside the configuration, and beside the data only where that is impossible. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

#define ENDING "-secrets.json"

/* config.json -> config-secrets.json; NULL: no memory. */
static char *
beside(const char *path)
{
	size_t n = strlen(path);
	char *out = malloc(n + sizeof(ENDING));

	if (n > 5 && strcmp(path + n - 5, ".json") == 0)
		n -= 5;
	if (out != NULL)
		snprintf(out, n + sizeof(ENDING), "%.*s" ENDING, (int)n, path);
	return out;
}

static int
may_write_beside(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash == NULL ? 1 : (size_t)(slash - path) + 1;
	char *folder = strndup(slash == NULL ? "." : path, n);
	int may = folder != NULL && access(folder, W_OK | X_OK) == 0;

	free(folder);
	return may;
}

ab_status
cli_secrets(
    struct cli_source *s, const char *chosen, const char *config, const char *data, struct error *e)
{
	int is_file = strcmp(config, "-") != 0 && may_write_beside(config);

	if (chosen == NULL && !is_file && data == NULL)
		return AB_OK;
	s->secrets = chosen != NULL ? strdup(chosen) : beside(is_file ? config : data);
	s->sync.secrets = s->secrets;
	return s->secrets != NULL ? AB_OK : error_set(e, AB_ENOMEM, "no memory");
}
