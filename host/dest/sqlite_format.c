/* sqlite_format.c - the _abhost_* tables themselves: made, brought up to date, and refused where they are not what this
 * program knows; see sqlite.h.
 *
 * A file keeps the number of its format.  Each later format is a step from the one before, so that a new
 * file and an old one end up the same.  Steps only add. */
#include "dest/sqlite.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"

static const char tables[] =
    "CREATE TABLE _abhost_meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE _abhost_state (stream TEXT NOT NULL, namespace TEXT NOT NULL,"
    " partition TEXT NOT NULL, state TEXT, token TEXT, pages INTEGER, generation_id INTEGER,"
    " started_at TEXT, is_refresh INTEGER, done INTEGER, notes TEXT, updated_at TEXT,"
    " PRIMARY KEY (stream, namespace, partition)) WITHOUT ROWID;"
    "CREATE TABLE _abhost_runs (id INTEGER PRIMARY KEY, connector TEXT, version TEXT,"
    " started_at TEXT, ended_at TEXT, outcome TEXT, error TEXT, records INTEGER, bytes INTEGER,"
    " host TEXT, pid INTEGER);"
    "CREATE TABLE _abhost_streams (stream TEXT NOT NULL, namespace TEXT NOT NULL,"
    " staging INTEGER NOT NULL, table_name TEXT NOT NULL UNIQUE COLLATE NOCASE, connector TEXT,"
    " columns TEXT NOT NULL, \"key\" TEXT, mode TEXT, created_at TEXT,"
    " PRIMARY KEY (stream, namespace, staging)) WITHOUT ROWID;";

/* steps[i] leads to format i + 2 */
static const char *const steps[SQLITE_DEST_FORMAT - 1] = {
    "ALTER TABLE _abhost_runs ADD COLUMN changes TEXT", /* JSON: what was not written as it came */
    "ALTER TABLE _abhost_runs ADD COLUMN attempt INTEGER;"
    "ALTER TABLE _abhost_runs ADD COLUMN \"rows\" INTEGER;"
    "ALTER TABLE _abhost_runs ADD COLUMN seconds REAL;"
    "ALTER TABLE _abhost_runs ADD COLUMN failure_type TEXT",
};

/* From a format to this program's; the file's own number, where it is ours, says so too. */
static ab_status
bring_up(struct sqlite *d, int64_t format, struct error *e)
{
	if (sqlite_begin(d, e) != AB_OK)
		return e->status;
	for (; format < SQLITE_DEST_FORMAT; format++)
		if (sqlite_run(d, e, "%s", steps[format - 1]) != AB_OK)
			return error_wrap(
			    e, "%s, from format %lld to the next", d->path, (long long)format);
	if (sqlite_number(d, 0, e, "PRAGMA application_id") == SQLITE_DEST_ID &&
	    sqlite_run(d, e, "PRAGMA user_version=%d", SQLITE_DEST_FORMAT) != AB_OK)
		return e->status;
	return e->status != AB_OK
	    ? e->status
	    : sqlite_run(d, e, "UPDATE _abhost_meta SET value = %d WHERE name = 'format'",
		  SQLITE_DEST_FORMAT);
}

static ab_status
create(struct sqlite *d, struct error *e)
{
	int empty = sqlite_number(d, 1, e, "SELECT count(*) FROM sqlite_schema") == 0;

	if (e->status != AB_OK || sqlite_begin(d, e) != AB_OK ||
	    sqlite_run(d, e, "%s", tables) != AB_OK)
		return e->status;
	/* A file that was there before is somebody's: its numbers stay. */
	if (empty && sqlite_run(d, e, "PRAGMA application_id=%d", SQLITE_DEST_ID) != AB_OK)
		return e->status;
	if (sqlite_run(d, e, "INSERT INTO _abhost_meta VALUES ('format', 1), ('connector', %Q)",
		d->connector) != AB_OK)
		return e->status;
	return bring_up(d, 1, e);
}

static ab_status
check_connector(struct sqlite *d, struct error *e)
{
	sqlite3_stmt *stmt =
	    sqlite_query(d, e, "SELECT value FROM _abhost_meta WHERE name = 'connector'");
	const char *owner = NULL;

	if (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW)
		owner = (const char *)sqlite3_column_text(stmt, 0);
	if (owner != NULL && d->connector != NULL && strcmp(owner, d->connector) != 0)
		error_set(e, AB_ECONFIG,
		    "%s holds the data of the connector %s, not of %s: name another file%s",
		    d->path, owner, d->connector, dest_elsewhere());
	sqlite_done(d, stmt, e);
	return e->status;
}

/* Without one of them nobody can tell what of the data is already there. */
static ab_status
check_tables(struct sqlite *d, struct error *e)
{
	static const char *const names[] = {"_abhost_state", "_abhost_streams", "_abhost_runs"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!sqlite_table_exists(d, names[i], e) && e->status == AB_OK)
			return error_set(e, AB_ECONFIG,
			    "%s has lost its table %s, without which the next sync would not know what is there: put the "
			    "file back from a copy, or begin in another%s",
			    d->path, names[i], dest_elsewhere());
	return e->status;
}

static ab_status
check_format(struct sqlite *d, int64_t *format, struct error *e)
{
	*format = sqlite_number(d, 0, e,
	    "SELECT value FROM _abhost_meta WHERE name = 'format' AND typeof(value) = 'integer'");
	if (e->status != AB_OK)
		return e->status;
	if (*format > SQLITE_DEST_FORMAT)
		return error_set(e, AB_ECONFIG,
		    "%s was written by a newer abhost (format %lld, this one knows %d): update abhost "
		    "or name another file%s",
		    d->path, (long long)*format, SQLITE_DEST_FORMAT, dest_elsewhere());
	if (*format < 1)
		return error_set(e, AB_ECONFIG,
		    "%s does not say of which format it is: _abhost_meta must have a row ('format', %d), or whatever number "
		    "stood there",
		    d->path, SQLITE_DEST_FORMAT);
	return AB_OK;
}

ab_status
sqlite_format_init(struct sqlite *d, struct error *e)
{
	int64_t format;

	if (sqlite_table_exists(d, "_abhost_meta", e) == 0 && e->status == AB_OK) {
		if (d->read_only)
			return error_set(e, AB_ECONFIG, "%s was not written by abhost", d->path);
		return create(d, e);
	}
	if (e->status != AB_OK || check_format(d, &format, e) != AB_OK ||
	    check_tables(d, e) != AB_OK || check_connector(d, e) != AB_OK)
		return e->status;
	if (format == SQLITE_DEST_FORMAT || d->read_only)
		return AB_OK;
	log_line(AB_INFO, "%s is of format %lld and becomes %d: an older abhost will refuse it",
	    d->path, (long long)format, SQLITE_DEST_FORMAT);
	return bring_up(d, format, e);
}

static int
is_json(const char *text, size_t len)
{
	size_t used;

	return scan_value(text, len, &used, NULL) == AB_OK && used == len;
}

static int
is_right(sqlite3_stmt *stmt, int column, char kind)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);
	size_t len = (size_t)sqlite3_column_bytes(stmt, column);
	int64_t us;

	if (text == NULL)
		return 1;
	if (kind == 'n')
		return sqlite3_column_type(stmt, column) == SQLITE_INTEGER;
	if (strlen(text) != len)
		return 0;
	switch (kind) {
	case 'm':
		return clock_parse(text, len, &us) == 0;
	case 'o':
		return text[strspn(text, " \t\r\n")] == '{' && is_json(text, len);
	case 'j':
		return len == 0 || is_json(text, len);
	default:
		return 1;
	}
}

ab_status
sqlite_format_check_state(struct sqlite *d, sqlite3_stmt *stmt, struct error *e)
{
	static const struct {
		const char *name, *wanted;
		char kind;
	} columns[] = {{"stream", "a text", 't'}, {"namespace", "a text", 't'},
	    {"partition", "JSON, or empty", 'j'}, {"state", "a JSON object", 'o'},
	    {"token", "a text", 't'}, {"pages", "an integer", 'n'},
	    {"generation_id", "an integer", 'n'}, {"started_at", "a time", 'm'},
	    {"is_refresh", "an integer", 'n'}, {"done", "an integer", 'n'},
	    {"notes", "a JSON object", 'o'}};

	for (int i = 0; i < (int)(sizeof(columns) / sizeof(columns[0])); i++)
		if (!is_right(stmt, i, columns[i].kind))
			return error_set(e, AB_ECONFIG,
			    "%s: the state of stream %.200s cannot be understood: in its row of _abhost_state, %s is not %s; put "
			    "it right, or delete the stream's rows there, and all of the stream is read again",
			    d->path, (const char *)sqlite3_column_text(stmt, 0), columns[i].name,
			    columns[i].wanted);
	return AB_OK;
}
