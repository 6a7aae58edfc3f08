/* plan.h - which streams are read, how, and into what: chosen from catalog, command line and defaults.
 *
 * Defaults: incremental + append_dedup where the stream has a cursor and a primary key, incremental + append with a
 * cursor only, else full_refresh + overwrite.  Pure: no connector, no destination.  Everything in a plan lives until
 * plan_fini. */
#ifndef ABHOST_PLAN_H
#define ABHOST_PLAN_H
#include <stdint.h>

#include "base/arena.h"
#include "dest/dest.h"
#include "engine/catalog.h"

enum plan_sync_mode { PLAN_FULL_REFRESH, PLAN_INCREMENTAL };

struct plan_stream {
	const char *name, *namespace_; /* namespace_ "" for none */
	enum plan_sync_mode sync_mode;
	enum dest_mode mode;
	const json_t *schema;		       /* NULL where it says nothing about fields */
	const char *const *cursor;	       /* path, or NULL */
	const char *const *const *primary_key; /* paths, or NULL */
	int cursor_is_time;		       /* by its schema: compare values as RFC 3339 times */
	int sorted;			       /* the cursor never descends */
	int resumable;			       /* page tokens outlive a run */
	int shared_state;   /* its partitions are slices of one axis: one state for all */
	int has_generation; /* Airbyte's numbers are told: */
	int64_t generation_id, minimum_generation_id;
	int64_t sync_id; /* below 0: it is not */
	int own_state;	 /* the connector keeps its state, not abhost */
	int is_covered; /* a state comes with the records that it covers, and stands at once; others have none */
	int from_start; /* what is stored counts for nothing: the stream is read from the beginning */
	enum dest_contract contract;
	const char *const
	    *columns; /* names of fields, those of key and cursor among them; or NULL: all */
	const char *deleted_field; /* or NULL */
	enum dest_deleted deleted;
	const char *configured; /* ConfiguredAirbyteStream, JSON text */
};

struct plan {
	struct plan_stream *streams; /* in the order of the catalog */
	size_t n;
	struct arena arena;
	json_t *kept; /* array: the documents that the texts point into */
};

struct plan_options {
	const char *streams;	  /* "a,b", or NULL: all (or those of configured) */
	const char *streams_from; /* the option that said so; NULL: --streams */
	const json_t
	    *configured; /* ConfiguredAirbyteCatalog as a file has it (either spelling), or NULL */
	const char *configured_from; /* the file that said so; NULL: the catalog file */
	int airbyte; /* configured comes from a client of Airbyte's protocol, which knows neither this program's modes
			nor what a stream can do: what is written is its business (an incremental read appends, a
			full refresh overwrites), incremental where a stream cannot is a full refresh, what the source
			defines counts, an unknown stream is left out, and no stream at all is none */
	const char *const *modes;     /* "events=incremental:append", NULL-terminated; or NULL */
	const char *const *contracts; /* "events=freeze", "freeze"; or NULL */
	const char *const *columns;   /* "events=id,name"; or NULL */
	const char *const *deleted;   /* "events=remove", "events=mark:is_gone", "mark"; or NULL */
	const char *full_refresh;     /* "a,b": these from the beginning; "": all; or NULL */
	int has_update_state;	      /* the connector keeps a state of its own */
	int is_covered;		      /* as in plan_stream, of all streams */
};

/* AB_ECONFIG: an unknown stream (the known ones are listed), an unknown mode, a combination that cannot work. *p is
 * plan_fini's also after an error. */
ab_status
plan_make(struct plan *p, const struct catalog *c, const struct plan_options *o, struct error *e);
void plan_fini(struct plan *p);
/* What the destination is told of the stream; borrowed from the plan. */
struct dest_stream_spec plan_dest_spec(const struct plan_stream *p);
/* Airbyte's words. */
const char *plan_sync_word(enum plan_sync_mode mode);
const char *plan_dest_word(enum dest_mode mode);
const char *plan_contract_word(enum dest_contract contract);
const char *plan_deleted_word(enum dest_deleted deleted);
#endif
