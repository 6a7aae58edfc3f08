/* sqlite_stream.c - one stream: begins, takes pages, swaps an overwrite's table in; see sqlite.h.
 *
 * An overwrite's rows go into a table beside the old one, which stays as it is, readable, until
 * finish.  A page is first laid over the columns (which may change the table), then goes in whole
 * with one statement. */
#include <config.h>

#include "dest/sqlite.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static void
forget_insert(struct sqlite_stream *s)
{
	for (int i = 0; i < SQLITE_INSERTS; i++) {
		sqlite3_finalize(s->insert[i]);
		s->insert[i] = NULL;
	}
}

/* What a stream knows about its table is void; its name and figures stay. */
static void
reset(struct sqlite_stream *s)
{
	forget_insert(s);
	shape_fini(&s->shape);
	shape_fini(&s->names);
	free(s->table);
	sqlite3_free(s->target);
	free(s->key_json);
	s->table = s->target = s->key_json = NULL;
	s->exists = s->altered = s->staging = 0;
	s->key = SQLITE_KEY_NONE;
	s->top = 0;
}

void
sqlite_streams_reset(struct sqlite *d)
{
	for (struct sqlite_stream *s = d->live; s != NULL; s = s->next_live) {
		sqlite_batch_drop(s);
		forget_insert(s);
	}
}

void
sqlite_streams_rest(struct sqlite *d)
{
	for (struct sqlite_stream **at = &d->live, *s; (s = *at) != NULL;) {
		if (!s->is_finished) {
			at = &s->next_live;
			continue;
		}
		*at = s->next_live;
		s->is_live = 0;
		dest_stats_sum(&d->rested, &s->stats);
	}
}

static void
make_live(struct sqlite_stream *s)
{
	s->is_live = 1;
	s->next_live = s->d->live;
	s->d->live = s;
}

/* Something of it is not committed from now on.  It is rare that one had come to rest. */
static void
wake(struct sqlite_stream *s)
{
	struct sqlite *d = s->d;

	s->is_finished = 0;
	if (s->is_live)
		return;
	make_live(s);
	d->rested = (struct dest_stats){0};
	for (const struct sqlite_stream *one = d->streams; one != NULL; one = one->next)
		if (!one->is_live)
			dest_stats_sum(&d->rested, &one->stats);
}

static void
keep_node(void *node)
{
	(void)node;
}

void
sqlite_streams_free(struct sqlite *d)
{
	struct sqlite_stream *s;

	tdestroy(d->by_name, keep_node);
	d->by_name = NULL;
	d->live = NULL;

	while ((s = d->streams) != NULL) {
		d->streams = s->next;
		sqlite_batch_drop(s);
		reset(s);
		sqlite_verify_free(s->verify);
		free(s);
	}
}

static int
compare_names(const void *x, const void *y)
{
	const struct dest_stream_spec *a = &((const struct sqlite_stream *)x)->spec;
	const struct dest_stream_spec *b = &((const struct sqlite_stream *)y)->spec;
	int order = strcmp(a->name, b->name);

	return order != 0
	    ? order
	    : strcmp(a->namespace_ ? a->namespace_ : "", b->namespace_ ? b->namespace_ : "");
}

static struct sqlite_stream *
add_stream(struct sqlite *d, const struct dest_stream_spec *spec, struct error *e)
{
	struct sqlite_stream *s = calloc(1, sizeof(*s));

	if (s != NULL) {
		s->d = d;
		s->spec = *spec;
		shape_init(&s->shape, SQLITE_MAX_COLUMNS);
		shape_init(&s->names, SQLITE_MAX_COLUMNS);
	}
	if (s == NULL || tsearch(s, &d->by_name, compare_names) == NULL) {
		free(s);
		error_set(e, AB_ENOMEM, "no memory for stream %s", spec->name);
		return NULL;
	}
	s->next = d->streams;
	d->streams = s;
	make_live(s);
	return s;
}

/* The stream, as if nothing were known of its table; what had been collected for it is written. */
static struct sqlite_stream *
get_stream(struct sqlite *d, const struct dest_stream_spec *spec, struct error *e)
{
	const struct sqlite_stream wanted = {.spec = *spec};
	struct sqlite_stream *const *found = tfind(&wanted, &d->by_name, compare_names), *s;

	if ((s = found != NULL ? *found : add_stream(d, spec, e)) == NULL)
		return NULL;
	if (found != NULL && sqlite_batch_flush(s, e) != AB_OK) {
		/* what was taken in cannot be refused any more: it is not this begin that fails */
		e->status = AB_ETRANSIENT;
		return NULL;
	}
	reset(s);
	wake(s);
	s->spec = *spec;
	return s;
}

static ab_status
drop_staging(struct sqlite_stream *s, struct error *e)
{
	return sqlite_run(s->d, e,
	    "DROP TABLE IF EXISTS \"" SQLITE_STAGING "%w\";"
	    "DELETE FROM _abhost_streams WHERE stream = %Q AND namespace = %Q AND staging = 1",
	    s->table, s->spec.name, s->spec.namespace_ ? s->spec.namespace_ : "");
}

/* What we did not make is somebody's: a table whose stream has no columns in our books, anything else in any case. */
static ab_status
check_owner(struct sqlite_stream *s, const struct shape *saved, struct error *e)
{
	if (!sqlite_table_is_other(s->d, s->table, e) &&
	    (saved->ncols > 0 || !sqlite_table_exists(s->d, s->table, e)))
		return e->status;
	return error_set(e, AB_ECONFIG,
	    "%s has a table, view or index \"%s\" that abhost did not make: rename or drop it, or name "
	    "another file%s",
	    s->d->path, s->table, dest_elsewhere());
}

/* A table that was dropped by hand begins anew, with no state: what is stored covered the old one's records (see
 * sqlite_state_list).  A refresh leaves it alone until its end, as ever. */
static ab_status
forget_lost(struct sqlite_stream *s, struct error *e)
{
	if (s->exists || s->spec.is_refresh || s->names.ncols == 0)
		return AB_OK;
	return sqlite_run(s->d, e, "DELETE FROM _abhost_state WHERE stream = %Q AND namespace = %Q",
	    s->spec.name, s->spec.namespace_ ? s->spec.namespace_ : "");
}

/* Loads what is known about the target. */
static ab_status
load_target(struct sqlite_stream *s, struct error *e)
{
	s->target = s->staging ? sqlite3_mprintf(SQLITE_STAGING "%s", s->table)
			       : sqlite3_mprintf("%s", s->table);
	if (s->target == NULL)
		return error_set(e, AB_ENOMEM, "no memory for a table's name");
	s->exists = sqlite_table_exists(s->d, s->target, e);
	if (e->status != AB_OK || !s->exists)
		return e->status;
	if (sqlite_state_load(s, s->staging, &s->shape, e) != AB_OK ||
	    sqlite_table_verify(s, e) != AB_OK)
		return e->status;
	return sqlite_key_load(s, e);
}

/* Whether it is known of any field what it holds. */
static int
has_fields(const struct shape *shape)
{
	for (uint32_t i = 0; i < shape->ncols; i++)
		if (shape->cols[i].role == SHAPE_FIELD && shape->cols[i].type != SHAPE_NONE)
			return 1;
	return 0;
}

/* What is known before the first record.  A contract needs something to hold to: the table as the last run left it,
 * else the schema; a stream that has neither learns from its first run. */
static ab_status
begin_shape(struct sqlite_stream *s, struct error *e)
{
	struct shape *shape = &s->shape;
	int has_table = has_fields(&s->names);

	shape->limit =
	    SQLITE_MAX_COLUMNS - (s->spec.deleted != DEST_KEEP) - (s->spec.is_foreign != 0);
	shape_select(shape, s->spec.columns);
	shape->contract = DEST_EVOLVE;
	if (s->spec.contract == DEST_EVOLVE || !has_table) {
		if (shape_add_schema(shape, s->spec.schema, e) != AB_OK ||
		    shape_add_selected(shape, e) != AB_OK)
			return e->status;
		if (has_table || s->spec.schema != NULL)
			shape->contract = s->spec.contract;
		return AB_OK;
	}
	if (shape_add_like(shape, &s->names, e) != AB_OK)
		return e->status;
	shape->contract = s->spec.contract;
	if (shape_check_schema(shape, s->spec.schema, e) != AB_OK)
		return error_wrap(e, "stream %s", s->spec.name);
	return shape_add_selected(shape, e);
}

static ab_status
open_table(struct sqlite_stream *s, struct error *e)
{
	s->staging = s->spec.mode == DEST_OVERWRITE && s->spec.is_refresh;
	if (sqlite_state_name(s, e) != AB_OK || sqlite_state_load(s, 0, &s->names, e) != AB_OK ||
	    check_owner(s, &s->names, e) != AB_OK)
		return e->status;
	if ((!s->staging || s->spec.fresh) && drop_staging(s, e) != AB_OK)
		return e->status;
	shape_use_names(&s->shape, &s->names);
	if (load_target(s, e) != AB_OK || forget_lost(s, e) != AB_OK || begin_shape(s, e) != AB_OK)
		return e->status;
	return sqlite_key_columns(s, e);
}

/* Rows that the same read had written before it was interrupted; of those that a key finds again only what it
 * cannot find. */
static ab_status
delete_rows(struct sqlite_stream *s, char *condition, struct error *e)
{
	sqlite3_str *sql;

	if (s->key == SQLITE_KEY_ROWID) {
		sqlite3_free(condition);
		return AB_OK; /* none lacks its key: the table need not be searched */
	}
	sql = sqlite3_str_new(s->d->db);
	if (condition == NULL)
		sqlite3_free(sqlite3_str_finish(sql));
	if (condition == NULL)
		return error_set(e, AB_ENOMEM, "no memory for SQL");
	if (sqlite_verify_discard(s, condition, e) != AB_OK) {
		sqlite3_free(sqlite3_str_finish(sql));
		sqlite3_free(condition);
		return e->status;
	}
	sqlite3_str_appendf(sql, "DELETE FROM \"%w\" WHERE %s", s->target, condition);
	sqlite3_free(condition);
	if (s->key != SQLITE_KEY_NONE) {
		sqlite3_str_appendall(sql, " AND ");
		sqlite_key_nulls(s, sql);
	}
	return sqlite_run_built(s->d, sql, e) != AB_OK ? e->status : sqlite_verify_discarded(s, e);
}

static ab_status
begin_stream(struct sqlite_stream *s, struct error *e)
{
	const struct dest_stream_spec *spec = &s->spec;
	int is_same;

	s->d->comes_back |= spec->mode == DEST_APPEND_DEDUP || spec->verify;
	if (open_table(s, e) != AB_OK)
		return e->status;
	if (spec->mode == DEST_APPEND_DEDUP &&
	    sqlite_run(s->d, e, "PRAGMA cache_size=-%lld", (long long)s->d->dedup_cache / 1024) !=
		AB_OK)
		return e->status;
	is_same = sqlite_key_is_same(s);
	if (s->exists && is_same && sqlite_key_renew_index(s, e) != AB_OK)
		return e->status;
	/* altered: what takes rows back needs columns that somebody may have dropped */
	if (s->exists && (!is_same || s->altered) && sqlite_table_apply(s, e) != AB_OK)
		return e->status;
	if (spec->fresh && spec->is_refresh && spec->mode != DEST_OVERWRITE && s->exists &&
	    delete_rows(s,
		sqlite3_mprintf("\"%w\" = %lld", shape_system_name(SHAPE_GENERATION),
		    (long long)spec->generation_id),
		e) != AB_OK)
		return e->status;
	return sqlite_verify_begin(s, e);
}

ab_status
sqlite_stream_begin(struct dest *base, const struct dest_stream_spec *spec,
    struct dest_stream **out, struct error *e)
{
	struct sqlite *d = (struct sqlite *)base;
	struct error ignored = ERROR_INIT;
	struct sqlite_stream *s;

	if ((s = get_stream(d, spec, e)) == NULL)
		return e->status;
	/* other streams' rows are in this transaction, too */
	if (sqlite_begin(d, e) != AB_OK || sqlite_run(d, e, "SAVEPOINT abhost_begin") != AB_OK)
		return e->status;
	if (begin_stream(s, e) != AB_OK) {
		if (sqlite_run(d, &ignored, "ROLLBACK TO abhost_begin; RELEASE abhost_begin") !=
		    AB_OK)
			d->undo = SQLITE_UNDO_BEGIN;
		return e->status;
	}
	*out = (struct dest_stream *)s;
	return sqlite_run(d, e, "RELEASE abhost_begin");
}

/* What is the same in all rows of a page, or NULL. */
static const char *
constant_of(enum shape_role role, int kind)
{
	if (role == SHAPE_GENERATION)
		return "?1";
	if (role == SHAPE_RECEIVED && !(kind & SQLITE_READS_STAMPS))
		return "?2";
	return role == SHAPE_META && !(kind & SQLITE_READS_META) ? "'{}'" : NULL;
}

/* INSERT INTO users ("id", ...) SELECT c0, ... FROM abhost_rows_32 */
static ab_status
prepare(struct sqlite_stream *s, int kind, struct error *e)
{
	sqlite3_str *sql = sqlite3_str_new(s->d->db);
	const char *between = "";
	char *text;
	int rc;

	sqlite3_str_appendf(sql, "INSERT INTO \"%w\" AS old (", s->target);
	for (uint32_t i = 0; i < s->shape.ncols; i++) {
		if (s->shape.cols[i].role == SHAPE_FOREIGN)
			continue;
		sqlite3_str_appendf(sql, "%s\"%w\"", between, s->shape.cols[i].name);
		between = ",";
	}
	between = ") SELECT ";
	for (uint32_t i = 0; i < s->shape.ncols; i++) {
		enum shape_role role = s->shape.cols[i].role;
		const char *constant = constant_of(role, kind);

		if (role == SHAPE_FOREIGN)
			continue;
		sqlite3_str_appendall(sql, between);
		between = ",";
		if (constant != NULL)
			sqlite3_str_appendall(sql, constant);
		else
			sqlite3_str_appendf(sql, "c%u", i);
	}
	sqlite3_str_appendf(sql, " FROM %s", sqlite_rows_table(s->shape.ncols));
	if (s->key != SQLITE_KEY_NONE)
		sqlite_key_conflict(s, sql);
	text = sqlite3_str_finish(sql);
	if (text == NULL)
		return error_set(e, AB_ENOMEM, "no memory for SQL");
	rc = sqlite3_prepare_v3(
	    s->d->db, text, -1, SQLITE_PREPARE_PERSISTENT, &s->insert[kind], NULL);
	sqlite3_free(text);
	return rc == SQLITE_OK ? AB_OK : sqlite_fail(s->d, e);
}

static int
table_is_right(const struct sqlite_stream *s)
{
	return s->exists && shape_is_made(&s->shape) && s->key == sqlite_key_wanted(s);
}

static int
has_received(const struct sqlite_stream *s)
{
	return s->shape.received != SHAPE_NOWHERE &&
	    s->shape.cols[s->shape.received].made != SHAPE_UNMADE;
}

static ab_status
follow_shape(struct sqlite_stream *s, struct error *e)
{
	if (table_is_right(s))
		return AB_OK;
	forget_insert(s);
	return sqlite_table_apply(s, e);
}

ab_status
sqlite_stream_insert(struct sqlite_stream *s, struct error *e)
{
	struct sqlite *d = s->d;
	int kind = (shape_has_meta(&d->rows.fit) ? SQLITE_READS_META : 0) |
	    (s->shape.received != SHAPE_NOWHERE && d->rows.stamps != NULL ? SQLITE_READS_STAMPS
									  : 0);
	sqlite3_stmt *insert;
	int rc;

	if (s->insert[kind] == NULL && prepare(s, kind, e) != AB_OK)
		return e->status;
	insert = s->insert[kind];
	d->rows.shape = &s->shape;
	d->rows.marks_deleted = s->shape.deleted != SHAPE_NOWHERE;
	d->rows.ndeleted = 0;
	sqlite3_bind_int64(insert, 1, s->spec.generation_id);
	if (s->shape.received != SHAPE_NOWHERE && d->rows.stamps == NULL)
		sqlite3_bind_int64(insert, 2, d->rows.stamp->us);
	rc = sqlite3_step(insert);
	if (sqlite3_reset(insert) != SQLITE_OK || rc != SQLITE_DONE)
		return sqlite_fail(d, e);
	s->stats.deleted += d->rows.ndeleted;
	return AB_OK;
}

/* Lays the page over the columns, and makes the table follow. */
static ab_status
fit_page(struct sqlite_stream *s, const struct dest_page *page, struct error *e)
{
	struct sqlite *d = s->d;

	if (shape_fit(&s->shape, &d->rows.fit, page, e) != AB_OK)
		return page->number == 0
		    ? error_wrap(e, "stream %s", s->spec.name)
		    : error_wrap(e, "stream %s, page %lld", s->spec.name, (long long)page->number);
	if (d->rows.fit.key_broken)
		s->shape.key = SHAPE_NOWHERE;
	if (table_is_right(s))
		return AB_OK;
	/* What was collected is in the order of the keys' old type. */
	if (follow_shape(s, e) != AB_OK || sqlite_batch_flush(s, e) != AB_OK)
		return e->status;
	return shape_fit(&s->shape, &d->rows.fit, page, e);
}

ab_status
sqlite_stream_write(struct dest_stream *base, const struct dest_page *page, struct error *e)
{
	struct sqlite_stream *s = (struct sqlite_stream *)base;
	struct sqlite *d = s->d;
	int collect = sqlite_batch_takes(s, page), in_order = 1, learnt;
	struct sqlite_stamp stamp = {.us = page->extracted_us};

	wake(s);
	if (sqlite_begin(d, e) != AB_OK)
		return e->status;
	if (s->exists && s->spec.is_foreign &&
	    shape_add_received(&s->shape, SQLITE_MAX_COLUMNS) != 0)
		return error_set(e, AB_ENOMEM, "no memory for another column");
	if ((collect ? sqlite_batch_make_room(s, page, e) : sqlite_batch_flush(s, e)) != AB_OK)
		return e->status;
	if (fit_page(s, page, e) != AB_OK || sqlite_key_see_cursor(s, page, &learnt, e) != AB_OK ||
	    sqlite_verify_page(s, page, e) != AB_OK)
		return e->status;
	if (learnt)
		forget_insert(s);
	dest_stats_sum(&s->stats, &d->rows.fit.counts);
	s->stats.rows += (int64_t)(page->scan->nrecords - page->first - d->rows.fit.dropped);
	if (collect && (sqlite_batch_add(s, page, &in_order, e) != AB_OK || !in_order))
		return e->status;
	d->rows.stamps = NULL;
	clock_format(stamp.us, stamp.text);
	d->rows.stamp = &stamp;
	if (sqlite_stream_insert(s, e) == AB_OK)
		return AB_OK;
	/* That is this stream's matter only, unless somebody's trigger has rolled all others' rows back, too. */
	if (sqlite3_errcode(d->db) == SQLITE_CONSTRAINT && !sqlite3_get_autocommit(d->db))
		e->status = AB_EDATA;
	return error_wrap(e, "stream %s", s->spec.name);
}

/* Rows of before there was a column for it have the time in the other one. */
char *
sqlite_stream_since(const struct sqlite_stream *s, const char *table, int before, int64_t us)
{
	const char *at = shape_system_name(SHAPE_EXTRACTED_AT), *order = before ? "<" : ">=";
	char text[CLOCK_TEXT];

	clock_format(us, text);
	return has_received(s)
	    ? sqlite3_mprintf("coalesce(%s\"%w\" %s %lld, %s\"%w\" %s %Q)", table,
		  shape_system_name(SHAPE_RECEIVED), order, (long long)us, table, at, order, text)
	    : sqlite3_mprintf("%s\"%w\" %s %Q", table, at, order, text);
}

/* The same, of one lane: the last two digits are its number. */
static char *
since_in_lane(const struct sqlite_stream *s, int64_t us, int lane)
{
	char *since = sqlite_stream_since(s, "", 0, us), *out = NULL;
	const char *at = shape_system_name(SHAPE_EXTRACTED_AT);

	if (since != NULL && has_received(s))
		out =
		    sqlite3_mprintf("%s AND coalesce(\"%w\" %% %d, substr(\"%w\", -3, 2) + 0) = %d",
			since, shape_system_name(SHAPE_RECEIVED), DEST_LANES, at, lane);
	else if (since != NULL)
		out = sqlite3_mprintf("%s AND substr(\"%w\", -3, 2) = '%02d'", since, at, lane);
	sqlite3_free(since);
	return out;
}

ab_status
sqlite_stream_discard(struct dest_stream *base, int64_t since_us, int lane, struct error *e)
{
	struct sqlite_stream *s = (struct sqlite_stream *)base;

	wake(s);
	if (!s->exists || sqlite_begin(s->d, e) != AB_OK || sqlite_batch_flush(s, e) != AB_OK)
		return e->status;
	return delete_rows(s,
	    lane == DEST_NO_LANE ? sqlite_stream_since(s, "", 0, since_us)
				 : since_in_lane(s, since_us, lane),
	    e);
}

/* The table that was loaded beside takes the old one's place. */
static ab_status
swap(struct sqlite_stream *s, struct error *e)
{
	if (sqlite_table_replace(s->d, s->target, s->table, e) != AB_OK ||
	    sqlite_run(s->d, e,
		"DELETE FROM _abhost_streams WHERE stream = %Q AND namespace = %Q AND staging = 1",
		s->spec.name, s->spec.namespace_ ? s->spec.namespace_ : "") != AB_OK)
		return e->status;
	sqlite3_free(s->target);
	s->target = sqlite3_mprintf("%s", s->table);
	if (s->target == NULL)
		return error_set(e, AB_ENOMEM, "no memory for a table's name");
	s->staging = 0;
	return sqlite_state_save(s, e);
}

ab_status
sqlite_stream_finish(struct dest_stream *base, struct error *e)
{
	struct sqlite_stream *s = (struct sqlite_stream *)base;

	if (sqlite_begin(s->d, e) != AB_OK || sqlite_batch_flush(s, e) != AB_OK ||
	    follow_shape(s, e) != AB_OK || sqlite_key_remove_deleted(s, e) != AB_OK ||
	    sqlite_key_remove_older(s, e) != AB_OK)
		return e->status;
	/* SQLite looks at each statement that there is, whenever a table is made */
	forget_insert(s);
	s->is_finished = 1;
	return s->staging ? swap(s, e) : AB_OK;
}

void
sqlite_stream_stats(const struct dest_stream *s, struct dest_stats *out)
{
	*out = ((const struct sqlite_stream *)s)->stats;
}

const char *
sqlite_stream_where(const struct dest_stream *s)
{
	return ((const struct sqlite_stream *)s)->table;
}
