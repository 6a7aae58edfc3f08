/* airbyte_control.c - CONTROL messages: the whole configuration, as it should be kept from now on.
 *
 * A token server that replaces the refresh token has spent the one in the configuration.  Whoever keeps that is told before
 * the new one is used.  The message holds secrets, since the client's own configuration does; nothing else may. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/redact.h"
#include "cli/airbyte.h"
#include "data/jsonread.h"
#include "data/jsontext.h"

static int set_at(json_t *at, const char *path, const char *value);

/* A text that is itself JSON: a file of a service account, pasted into one key. */
static int
set_inside(json_t *at, const char *key, size_t len, const char *path, const char *value)
{
	json_t *inner = jsonread_string(json_string_value(json_object_getn(at, key, len)), 0, NULL);
	int rc = set_at(inner, path, value);
	char *text = rc == 0 ? jsontext_make(inner, JSON_COMPACT) : NULL;

	if (text == NULL || json_object_setn_new(at, key, len, json_string(text)) != 0)
		rc = -1;
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
	json_decref(inner);
	return rc;
}

/* Replaces the text at "a.b". -1: there is none, or no memory. */
static int
set_at(json_t *at, const char *path, const char *value)
{
	size_t len = strcspn(path, ".");
	json_t *child = json_object_getn(at, path, len);

	if (path[len] == '.' && json_is_string(child))
		return set_inside(at, path, len, path + len + 1, value);
	if (path[len] == '.')
		return set_at(child, path + len + 1, value);
	return json_is_string(child) ? json_object_setn_new(at, path, len, json_string(value)) : -1;
}

void
airbyte_replaced(void *ctx, const char *key, const char *refresh)
{
	struct airbyte_call *call = ctx;
	struct cli_source *s = &call->source;

	if (redact_add(refresh, strlen(refresh)) != 0 ||
	    (call->told == NULL && (call->told = json_deep_copy(s->config)) == NULL) ||
	    set_at(call->told, key, refresh) != 0) {
		log_line(AB_ERROR, "the new refresh token for \"%s\" cannot be told", key);
		return;
	}
	airbyte_control(call->out, call->told);
	/* a worker that is started again would begin with the spent one; where there is a file, it looks there */
	if (s->secrets == NULL)
		s->sync.config = call->told;
}
