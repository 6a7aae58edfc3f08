/* intake_private.h - what the files of intake.h share; nobody else includes it.
 *
 *   intake.c         messages, commits
 *   intake_stream.c  one stream: what it is to become, its page, its row of state */
#ifndef ABHOST_INTAKE_PRIVATE_H
#define ABHOST_INTAKE_PRIVATE_H
#include "engine/intake.h"
#include "engine/plan.h"
#include "engine/state.h"

struct intake_stream {
	struct intake *in;
	struct catalog catalog; /* of the one stream */
	struct plan plan;
	const char *name, *namespace_; /* the plan's; namespace_ "" for none */
	struct dest_stream_spec spec;
	struct dest_stream *handle; /* NULL: it has not begun */
	struct buf page;	    /* records that wait to be written */
	struct beside_list beside;  /* of each of them */
	size_t npage, held;	    /* held: their bytes, and of what is said beside them */
	int64_t npages;
	struct state_read state; /* only what a row of it needs (state_row_write) */
	struct state_part part;
	int is_dirty; /* its row is to be committed */
	int is_again; /* an overwrite of a generation that the table has already, whole */
	int is_loaded; /* a refresh that the source has called complete: nothing more comes, or all of it again */
	int has_status, has_state; /* since the input began */
	int is_at_end;		   /* no record comes any more */
	int is_complete;	   /* and it is finished */
	int64_t received, since;   /* records; since the last STATE */
};

struct intake {
	const struct dest_ops *ops;
	struct intake_options o;
	struct dest_run run;
	struct intake_stream *streams;
	size_t n;
	struct scan scan;
	size_t paged;			  /* bytes in all pages */
	struct buf told;		  /* STATE lines that wait for the commit */
	struct buf text[2];		  /* names, unescaped */
	int has_status;			  /* some stream has one */
	int has_progress;		  /* something that is worth a commit */
	int64_t records, bytes, since_us; /* since the last commit */
	int is_over;
};

/* One entry of the catalog; rows: the state store's. */
ab_status intake_stream_open(struct intake_stream *s, const json_t *entry, size_t index,
    const struct dest_state *rows, size_t n, struct error *e);
void intake_stream_close(struct intake_stream *s);
ab_status intake_stream_add(struct intake_stream *s, const struct line *line, struct error *e);
/* Writes the page. */
ab_status intake_stream_flush(struct intake_stream *s, struct error *e);
/* All that came is covered, by this state (empty: by one that is not the stream's own). */
ab_status intake_stream_cover(struct intake_stream *s, struct ab_str state, struct error *e);
/* No record comes any more.  It is finished, but for an overwrite that a client may have to go on with: until its states
 * are told (which intake.c sees to) a client would begin behind one of them again, and what it then sends is not all. */
ab_status intake_stream_complete(struct intake_stream *s, struct error *e);
ab_status intake_stream_finish(struct intake_stream *s, struct error *e);
/* What nothing covers goes.  AB_EUNSUPPORTED: the destination cannot. */
ab_status intake_stream_take_back(struct intake_stream *s, struct error *e);
#endif
