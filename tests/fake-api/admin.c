/* What tests say to the server while it runs; needs no key.
 *
 *     GET    /_admin/log              what was asked;  DELETE forgets it
 *     POST   /_admin/faults           a fault per line, in place of those there;  DELETE removes them
 *     POST   /_admin/add?list=events&count=N[&tie=1]     new records
 *     POST   /_admin/change?list=events&count=N        records with a new updated_at
 *     GET    /_admin/truth?list=events                 what a client should have, JSON lines, in order
 *     POST   /_admin/key?value=KEY    another key
 *     POST   /_admin/oauth?life=N&uses=N&rotate=0|1&revoke=1    access tokens (oauth.h) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

static enum MHD_Result
reply_plain(struct exchange *x, unsigned status, const char *type, const char *text)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(
	    strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result rc;

	if (r == NULL)
		return MHD_NO;
	MHD_add_response_header(r, "Content-Type", type);
	rc = MHD_queue_response(x->connection, status, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result
answer_log(struct exchange *x)
{
	struct buf b;
	enum MHD_Result rc = MHD_NO;

	if (strcmp(x->method, "DELETE") == 0) {
		request_log_clear(&x->server->log);
		return reply_plain(x, 200, "text/plain", "forgotten\n");
	}
	buf_init(&b, (size_t)300 << 20);
	if (request_log_read(&x->server->log, &b) == 0)
		rc = reply_plain(x, 200, "application/json", buf_str(&b));
	buf_fini(&b);
	return rc;
}

static enum MHD_Result
answer_faults(struct exchange *x)
{
	char why[128], *save = NULL, *body;
	enum MHD_Result rc;

	fault_plan_clear(&x->server->faults);
	if (strcmp(x->method, "DELETE") == 0 || x->body.len == 0)
		return reply_plain(x, 200, "text/plain", "none\n");
	body = buf_steal(&x->body);
	if (body == NULL)
		return MHD_NO;
	rc = (enum MHD_Result) - 1;
	for (char *line = strtok_r(body, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		if (fault_plan_add(&x->server->faults, line, why) == -1) {
			rc = reply_plain(x, 400, "text/plain", why);
			break;
		}
	free(body);
	return rc == (enum MHD_Result) - 1 ? reply_plain(x, 200, "text/plain", "set\n") : rc;
}

static struct store_list *
query_list(struct exchange *x)
{
	const char *name =
	    MHD_lookup_connection_value(x->connection, MHD_GET_ARGUMENT_KIND, "list");

	return name == NULL ? NULL : store_find(&x->server->store, name, strlen(name));
}

static enum MHD_Result
answer_more(struct exchange *x, int is_change)
{
	struct store *s = &x->server->store;
	struct store_list *l = query_list(x);
	const char *count =
	    MHD_lookup_connection_value(x->connection, MHD_GET_ARGUMENT_KIND, "count");
	const char *tie = MHD_lookup_connection_value(x->connection, MHD_GET_ARGUMENT_KIND, "tie");
	size_t n = count == NULL ? 1 : strtoull(count, NULL, 10);
	int rc;

	if (l == NULL)
		return reply_plain(x, 404, "text/plain", "no such list\n");
	pthread_mutex_lock(&s->lock);
	rc = is_change ? store_change_records(s, l, n) : store_add_records(s, l, n, tie != NULL);
	pthread_mutex_unlock(&s->lock);
	return rc == 0 ? reply_plain(x, 200, "text/plain", "done\n") : MHD_NO;
}

static enum MHD_Result
answer_truth(struct exchange *x)
{
	struct store_list *l = query_list(x);
	enum MHD_Result rc = MHD_NO;
	struct buf b;

	if (l == NULL)
		return reply_plain(x, 404, "text/plain", "no such list\n");
	buf_init(&b, SIZE_MAX / 2);
	if (reply_lines(&x->server->store, l, &b) == 0)
		rc = reply_plain(x, 200, "application/jsonl", buf_str(&b));
	buf_fini(&b);
	return rc;
}

static enum MHD_Result
answer_key(struct exchange *x)
{
	const char *value =
	    MHD_lookup_connection_value(x->connection, MHD_GET_ARGUMENT_KIND, "value");

	if (value == NULL)
		return reply_plain(x, 400, "text/plain", "no value\n");
	snprintf(x->server->key, sizeof(x->server->key), "%s", value);
	return reply_plain(x, 200, "text/plain", "set\n");
}

static enum MHD_Result
set_oauth(void *held, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	oauth_set(held, name, value != NULL ? value : "");
	return MHD_YES;
}

static enum MHD_Result
answer_oauth(struct exchange *x)
{
	MHD_get_connection_values(
	    x->connection, MHD_GET_ARGUMENT_KIND, set_oauth, &x->server->oauth);
	return reply_plain(x, 200, "text/plain", "set\n");
}

enum MHD_Result
admin_answer(struct exchange *x)
{
	const char *path = x->path + 8;

	if (strcmp(path, "log") == 0)
		return answer_log(x);
	if (strcmp(path, "faults") == 0)
		return answer_faults(x);
	if (strcmp(path, "add") == 0 || strcmp(path, "change") == 0)
		return answer_more(x, *path == 'c');
	if (strcmp(path, "truth") == 0)
		return answer_truth(x);
	if (strcmp(path, "key") == 0)
		return answer_key(x);
	if (strcmp(path, "oauth") == 0)
		return answer_oauth(x);
	return reply_plain(x, 404, "text/plain", "no such admin page\n");
}
