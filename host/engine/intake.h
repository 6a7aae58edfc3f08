/* intake.h - an Airbyte destination: messages come in, one checked line after another, rows and states become durable.
 *
 * A STATE covers the records of its stream that came before it.  Both are committed together, then the STATE is told; a client
 * that begins again at the last one it was told has every record once.  So rows that no STATE covers yet are marked in the
 * state store (void, as state.h has it) where others are committed with them: the next run takes them back before it writes, and
 * so does this one if the stream does not come to its end.  In append_dedup those that have a key stay: they replace themselves.
 * A destination that takes no rows back (JSON Lines) is committed only while every row is covered.
 *
 * A stream ends with its COMPLETE; where no stream has a status, with the input.  An overwrite shows then; one of a
 * generation, which a client goes on with, when its states have been told: in a commit of its own.
 * Generations are as docs/modes.md has them; a client that always sends the same one may overwrite all the same.
 * One thread; memory: the pages that are being collected, INTAKE_BYTES in all, and the longest line. */
#ifndef ABHOST_INTAKE_H
#define ABHOST_INTAKE_H
#include "data/lines.h"
#include "dest/dest.h"

#define INTAKE_BYTES ((size_t)8 << 20)

struct intake;

struct intake_options {
	struct dest *dest;		 /* open; borrowed */
	const char *connector, *version; /* for the history of runs */
	const json_t *catalog;		 /* ConfiguredAirbyteCatalog, either spelling */
	/* A STATE message is durable: one line, without its end.  -1: it could not be told, and nothing more becomes
	 * durable: a client goes on behind what it was told. */
	int (*tell)(void *ctx, const char *line, size_t len);
	/* A stream has failed. */
	void (*fail)(void *ctx, const char *stream, const char *namespace_, const struct error *e);
	void *ctx;
};

/* AB_ECONFIG: a catalog that is none, or one that cannot be written. */
ab_status intake_open(const struct intake_options *o, struct intake **out, struct error *e);
/* A message.  After an error nothing but intake_close may follow; where it is of a stream, `fail` was told it. */
ab_status intake_line(struct intake *in, const struct line *line, struct error *e);
/* Nothing has come for a moment: what may be committed is. */
ab_status intake_idle(struct intake *in, struct error *e);
/* The input has ended.  AB_OK: every stream has come to its end, and all is durable; else `fail` was told of each. */
ab_status intake_end(struct intake *in, struct error *e);
/* What was not committed is dropped; why (NULL or AB_OK: nothing is wrong) stands in the history. */
void intake_close(struct intake *in, const struct error *why);
#endif
