/* state_airbyte.h - a stream's state as a message of Airbyte carries it, to and fro, without loss.
 *
 * A state that a person, or another source, can read stands where Airbyte's users look for it:
 *
 *   {"updated_at": "2024-05-06", "_abhost": {...}}                              one partition
 *   {"states": [{"partition": P, "cursor": S, "_abhost": {...}}, ...],
 *    "state": S of all partitions, "_abhost": {...}}                            several
 *   {"__ab_no_cursor_state_message": true}                                      a full refresh that has ended
 *
 * "_abhost" holds what only this program knows: {"cursor", "edge", "met"} as the notes of a row have them (state.h), {"token",
 * "running", "pages", "since", "done"} of an unfinished read, and once per stream {"sync_mode", "mode", "until",
 * "generation", "refresh"}.  A state without it (of another source, or from the hand of a user) is a place to begin at.  Pure. */
#ifndef ABHOST_STATE_AIRBYTE_H
#define ABHOST_STATE_AIRBYTE_H
#include "base/buf.h"
#include "base/error.h"
#include "data/view.h"
#include "dest/dest.h"

#define STATE_NOTES 1 /* the "v" of "_abhost" */

/* The stream_state of one stream, whose rows these all are.  -1: too large or no memory. */
int state_stream(const struct dest_state *rows, size_t n, struct buf *out);
/* AB_ECONFIG where a newer abhost has written a note in a stream's state. */
ab_status state_known(const struct ab_json *state, struct error *e);
/* A state file of Airbyte: an array of state messages (STREAM; GLOBAL, which is split; LEGACY; with or without the envelope
 * {"type": "STATE"}), one of them alone, or {"<stream>": <state>}, the form before messages.  Empty states count for
 * nothing.  `name` is the file's, for errors: AB_ECONFIG where it is not such a file, or a GLOBAL state has shared_state.
 * *out: for dest_states_free, in any case. */
ab_status state_load(const char *text, size_t len, const char *name, struct dest_state **out,
    size_t *n, struct error *e);
#endif
