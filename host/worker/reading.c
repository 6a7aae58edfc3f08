/* reading.c - see reading.h. */
#include "worker/reading.h"

#include <stdlib.h>
#include <string.h>

struct reading *
reading_new(const struct chan_msg *command, char *texts)
{
	struct reading *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		free(texts);
		return NULL;
	}
	r->stream = command->stream;
	r->limit = (uint32_t)command->num;
	r->asks = (command->flags & CHAN_MUST_ASK) != 0;
	r->texts = texts;
	r->configured = command->text[0];
	r->committed_text = command->text[1];
	view_root_init(&r->root, 1u << 20);
	walk_init(&r->list);
	return r;
}

void
waiting_free(struct waiting *first)
{
	struct waiting *next;

	for (; first != NULL; first = next) {
		next = first->next;
		free(first->committed);
		free(first);
	}
}

size_t
waiting_size(const struct waiting *w)
{
	return w->len + (w->committed == NULL ? 0 : strlen(w->committed));
}

int
waiting_set_committed(struct waiting *w, struct ab_str entry)
{
	char *text = malloc(entry.len + 3);

	if (text == NULL)
		return -1;
	text[0] = '[';
	memcpy(text + 1, entry.ptr, entry.len);
	text[entry.len + 1] = ']';
	text[entry.len + 2] = '\0';
	free(w->committed);
	w->committed = text;
	return 0;
}

void
reading_free(struct reading *r)
{
	if (r == NULL)
		return;
	waiting_free(r->first);
	walk_fini(&r->list);
	committed_fini(&r->committed);
	view_root_fini(&r->root);
	free(r->texts);
	free(r);
}

/* {"stream": {"name": "events", "partition_state": "shared", ...}, ...} */
ab_status
reading_name(struct reading *r, struct error *e)
{
	const struct ab_json *v =
	    view_parse(&r->root, r->configured.ptr, r->configured.len, "the configured stream");
	const struct ab_json *stream = view_get(v, "stream"), *how;

	r->name = view_str(view_get(stream, "name")).ptr;
	if (r->root.error.status != AB_OK || r->name == NULL || r->name[0] == '\0')
		return error_set(e, AB_EBUG, "the configured stream has no name");
	how = view_get(stream, "partition_state");
	r->is_shared = view_type(how) == AB_STRING && strcmp(view_str(how).ptr, "shared") == 0;
	return AB_OK;
}

ab_status
reading_begin(struct reading *r, struct error *e)
{
	const struct committed_entry *all;
	ab_status rc = committed_init(&r->committed, r->committed_text, e);

	if (rc != AB_OK || !r->is_shared)
		return rc;
	rc = committed_find(&r->committed, (struct ab_str){NULL, 0}, &all, e);
	if (all != NULL)
		r->shared = all->state;
	return rc;
}

static struct waiting *
waiting_new(struct ab_str text)
{
	struct waiting *w = malloc(sizeof(*w) + text.len + 1);

	if (w == NULL)
		return NULL;
	*w = (struct waiting){.len = text.len, .is_only = text.ptr == NULL};
	if (text.len > 0)
		memcpy(w->text, text.ptr, text.len);
	w->text[text.len] = '\0';
	return w;
}

/* NULL and AB_OK: it is read to its end. */
static ab_status
await(const struct reading *r, struct ab_str partition, struct waiting **out, struct error *e)
{
	const struct committed_entry *c;

	*out = NULL;
	if (committed_find(&r->committed, partition, &c, e) != AB_OK || (c != NULL && c->done))
		return e->status;
	*out = waiting_new(partition);
	return *out != NULL ? AB_OK : error_set(e, AB_ENOMEM, "no memory for a partition");
}

ab_status
reading_only(const struct reading *r, struct waiting **out, struct error *e)
{
	return await(r, (struct ab_str){NULL, 0}, out, e);
}

ab_status
reading_list(struct reading *r, const struct ab_json *all, struct waiting **first, size_t *n,
    struct error *e)
{
	struct waiting **end = first;
	size_t len = view_len(all);

	*first = NULL;
	*n = 0;
	for (size_t i = 0; i < len; i++) {
		const struct ab_json *v = view_at(all, i);
		struct ab_str text = view_span(v);

		if (view_type(v) != AB_OBJECT && (view_type(v) != AB_NULL || len > 1))
			return error_set(e, AB_EDATA,
			    "partitions emitted what is neither an object nor one null");
		if (view_type(v) == AB_NULL)
			text = (struct ab_str){NULL, 0};
		if (await(r, text, end, e) != AB_OK)
			return e->status;
		if (*end == NULL)
			continue;
		end = &(*end)->next;
		++*n;
	}
	return AB_OK;
}
