/* table.h - rows for a person (aligned columns) or for a program (tab-separated, as PostgreSQL's COPY text).
 *
 * Tab-separated: a first line of names; in a value \t \n \r \\ are escaped, \N is NULL.  Aligned: the first
 * TABLE_LOOK rows decide the widths, the others are cut to them.  Cells are copied. */
#ifndef ABHOST_TABLE_H
#define ABHOST_TABLE_H
#include <stddef.h>
#include <stdio.h>

#define TABLE_LOOK	  200
#define TABLE_MAX_COLUMNS 2000

enum table_form { TABLE_ALIGNED, TABLE_TABS };

struct table {
	FILE *to;
	enum table_form form;
	size_t ncolumns, nrows, widest; /* widest: of a column */
	char **names;
	char **cells; /* of the rows that are still looked at */
	size_t *width;
	unsigned char *is_text; /* per column: some cell is not a number */
	int laid_out, failed;
};

/* For a terminal aligned, else tab-separated. */
enum table_form table_form_for(FILE *to);
/* -1: no memory, or more columns than TABLE_MAX_COLUMNS; fini in any case. */
int table_init(
    struct table *t, FILE *to, enum table_form form, const char *const *names, size_t ncolumns);
/* A NULL cell is an absent value. */
int table_row(struct table *t, const char *const *cells);
/* Prints what is left and frees. -1: memory ran out on the way. */
int table_fini(struct table *t);
#endif
