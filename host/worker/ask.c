/* ask.c - see ask.h. */
#include "worker/ask.h"

#include <stdlib.h>

#define ASK_MOST  256
#define ASK_BYTES ((size_t)256 << 10)

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory for what is committed of the partitions");
}

/* The next ones of the list as a JSON array; returns how many. */
static size_t
write_question(const struct waiting *w, struct buf *out)
{
	size_t n = 0;

	buf_reset(out);
	for (; w != NULL && n < ASK_MOST && (n == 0 || out->len < ASK_BYTES); w = w->next, n++) {
		buf_adds(out, n == 0 ? "[" : ",");
		buf_adds(out, w->is_only ? "null" : w->text);
	}
	buf_addc(out, ']');
	return n;
}

/* The answer has an element, an object or null, for the first so many of the question. */
static ab_status
take_answer(struct waiting ***at, size_t asked, struct ab_str answer, size_t *n, struct error *e)
{
	const struct ab_json *all;
	struct view_root root;
	size_t len;

	view_root_init(&root, (size_t)4 * CHAN_MAX_TEXT);
	all = view_parse(&root, answer.ptr, answer.len, "what is committed");
	len = view_type(all) == AB_ARRAY ? view_len(all) : 0;
	if (len == 0 || len > asked)
		error_set(e, AB_EBUG, "what is committed of the partitions makes no sense");
	for (size_t i = 0; i < len && e->status == AB_OK; i++) {
		const struct ab_json *v = view_at(all, i), *done = view_get(v, "done");
		struct waiting *w = **at;

		if (view_type(done) == AB_BOOL && view_int(done) != 0) {
			**at = w->next;
			w->next = NULL;
			waiting_free(w);
			--*n;
			continue;
		}
		if (view_type(v) == AB_OBJECT && waiting_set_committed(w, view_span(v)) != 0)
			no_memory(e);
		*at = &w->next;
	}
	view_root_fini(&root);
	return e->status;
}

ab_status
ask_committed(
    struct uplink_lane *l, struct reading *r, struct waiting **first, size_t *n, struct error *e)
{
	struct waiting **at = first;
	struct buf question, answer;

	buf_init(&question, CHAN_MAX_TEXT);
	buf_init(&answer, CHAN_MAX_TEXT);
	while (*at != NULL && e->status == AB_OK) {
		size_t asked = write_question(*at, &question);

		if (question.failed)
			no_memory(e);
		else if (uplink_ask(l, r->stream, (struct ab_str){buf_str(&question), question.len},
			     &answer, e) == AB_OK)
			take_answer(
			    &at, asked, (struct ab_str){buf_str(&answer), answer.len}, n, e);
	}
	buf_fini(&question);
	buf_fini(&answer);
	return e->status;
}
