/* committed.c - see committed.h. */
#include "worker/committed.h"

#include <stdlib.h>
#include <string.h>

#include "data/canonical.h"

#define VIEWS_MAX ((size_t)256 << 20)

static char *
key_of(struct ab_str partition)
{
	return partition.ptr == NULL ? strdup("") : canonical_json(partition.ptr, partition.len);
}

static struct ab_str
text_or_none(const struct ab_json *v)
{
	return view_type(v) == AB_NULL ? (struct ab_str){NULL, 0} : view_span(v);
}

static ab_status
add_entry(struct committed *c, const struct ab_json *v, struct error *e)
{
	const struct ab_json *token = view_get(v, "token"), *done = view_get(v, "done");
	char *key = key_of(text_or_none(view_get(v, "partition")));
	struct committed_entry *entry = &c->entries[c->n];
	ab_status rc = AB_OK;

	entry->state = text_or_none(view_get(v, "state"));
	entry->running = text_or_none(view_get(v, "running"));
	entry->token = view_type(token) == AB_NULL ? NULL : view_str(token).ptr;
	entry->done = view_type(done) != AB_NULL && view_int(done);
	if (key == NULL ||
	    json_object_set_new(c->by_partition, key, json_integer((json_int_t)c->n)) != 0)
		rc = error_set(e, AB_ENOMEM, "no memory for the committed state");
	free(key);
	c->n++;
	return rc;
}

ab_status
committed_init(struct committed *c, struct ab_str text, struct error *e)
{
	const struct ab_json *all;
	ab_status rc = AB_OK;
	size_t n;

	*c = (struct committed){.by_partition = json_object()};
	view_root_init(&c->root, VIEWS_MAX);
	all =
	    text.len == 0 ? NULL : view_parse(&c->root, text.ptr, text.len, "the committed state");
	n = view_type(all) == AB_ARRAY ? view_len(all) : 0;
	c->entries = calloc(n + 1, sizeof(*c->entries));
	if (c->entries == NULL || c->by_partition == NULL)
		return error_set(e, AB_ENOMEM, "no memory for the committed state");
	for (size_t i = 0; i < n && rc == AB_OK; i++)
		rc = add_entry(c, view_at(all, i), e);
	if (rc == AB_OK && c->root.error.status != AB_OK)
		rc = error_set(e, c->root.error.status == AB_ENOMEM ? AB_ENOMEM : AB_EBUG, "%s",
		    c->root.error.text);
	return rc;
}

void
committed_fini(struct committed *c)
{
	free(c->entries);
	json_decref(c->by_partition);
	view_root_fini(&c->root);
	*c = (struct committed){.entries = NULL};
}

ab_status
committed_find(const struct committed *c, struct ab_str partition,
    const struct committed_entry **out, struct error *e)
{
	char *key = key_of(partition);
	const json_t *at;

	*out = NULL;
	if (key == NULL)
		return error_set(e, AB_ENOMEM, "no memory to look up a partition");
	at = json_object_get(c->by_partition, key);
	free(key);
	if (at != NULL)
		*out = &c->entries[json_integer_value(at)];
	return AB_OK;
}
