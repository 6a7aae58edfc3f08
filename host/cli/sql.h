/* sql.h - looking into a SQLite file: a connection that cannot change it, and results in rows.
 *
 * The file is opened for writing where it may be, because what a killed run left half done must be taken back before
 * anybody can read; but every statement that would write is refused. */
#ifndef ABHOST_SQL_H
#define ABHOST_SQL_H
enum sql_form { SQL_TABLE, SQL_JSON };

/* Runs every statement of the text; each result is printed as a table (table.h) or as JSON lines.  name: a file, or
 * sqlite:FILE.  The exit code. */
int sql_show(const char *name, const char *text, enum sql_form form);
#endif
