/* state_edit.h - a stream's state as a person or Airbyte writes it, made into rows of the state store.  Pure.
 *
 * What is written here decides what the next run reads, so it is checked as far as the store knows the stream: a state
 * that abhost keeps itself must name the stream's cursor field with a value of its kind.  Numbers stay as they are written. */
#ifndef ABHOST_STATE_EDIT_H
#define ABHOST_STATE_EDIT_H
#include "engine/state.h"

/* The rows that take the place of all of the stream's (out->replace is set).  json: the state, or {"states": [{"partition": P,
 * "cursor": S}, ...]}.  AB_ECONFIG: it is no state, or not of this stream, or a read is unfinished that has left rows which only
 * its own state accounts for. */
ab_status state_edit_set(const struct dest_state *rows, size_t n, const char *stream,
    const char *namespace_, const char *json, size_t len, struct state_rows *out, struct error *e);
/* The same for: nothing is known, the next run reads all of it.  It does not double what is there: an append table is then
 * replaced, what an unfinished refresh has left goes. */
ab_status state_edit_reset(const struct dest_state *rows, size_t n, const char *stream,
    const char *namespace_, struct state_rows *out, struct error *e);
/* What a state must be that abhost keeps. */
struct state_kind {
	const char *field; /* the cursor's, "a.b" for a path */
	int is_time;
	const char *like; /* a value that it had before, JSON, of whose kind it must be; or NULL */
};
/* AB_ECONFIG with what it is instead. */
ab_status
state_check_cursor(const struct state_kind *k, const char *json, size_t len, struct error *e);

/* What Airbyte calls state: a list of messages, messages one a line, or what its API answers; either spelling, extra keys and
 * nulls are no matter.  Calls `each` for every stream; json NULL: it has none.  AB_ECONFIG: no state, or one that cannot be told
 * apart by streams. */
typedef ab_status state_import_each(void *ctx, const char *stream, const char *namespace_,
    const char *json, size_t len, struct error *e);
/* Of a LEGACY state, {"<stream>": {...}, ...}: whether that is a stream. */
typedef int state_import_knows(void *ctx, const char *stream);
/* knows NULL: any may be one. */
ab_status state_import(const char *text, size_t len, state_import_each *each,
    state_import_knows *knows, void *ctx, struct error *e);
#endif
