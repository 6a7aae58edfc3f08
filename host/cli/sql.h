/* sql.h - looking into a SQLite file: a connection that cannot change it, and results in rows.
 *
 * The file is opened for writing where it may be, because what a killed run left half done must be taken back before
 * anybody can read; but every statement that would write is refused. */
#ifndef ABHOST_SQL_H
#define ABHOST_SQL_H
#include <sqlite3.h>
#include <stdio.h>

#include "base/error.h"

enum sql_form { SQL_TABLE, SQL_JSON };

/* name: a file, or sqlite:FILE. AB_ECONFIG: not there, or not a SQLite database. */
ab_status sql_open(const char *name, sqlite3 **out, struct error *e);
/* Runs every statement of the text; each result is printed as a table (table.h) or as JSON lines. */
ab_status sql_print(sqlite3 *db, const char *text, enum sql_form form, FILE *to, struct error *e);
#endif
