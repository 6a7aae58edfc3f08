/* table.c - see table.h. */
#include "cli/table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/text.h"

#define WIDEST	  60
#define MAX_LINE  (64u << 20)
#define NULL_TEXT "NULL"

enum table_form
table_form_for(FILE *to)
{
	return isatty(fileno(to)) ? TABLE_ALIGNED : TABLE_TABS;
}

static void
put_tabs(struct table *t, const char *const *cells)
{
	for (size_t i = 0; i < t->ncolumns; i++) {
		const char *p = cells[i] != NULL ? cells[i] : "\\N";

		if (i > 0)
			putc('\t', t->to);
		if (cells[i] == NULL) {
			fputs(p, t->to);
			continue;
		}
		for (; *p != '\0'; p++) {
			const char *at = strchr("\tt\nn\rr\\\\", *p);

			if (*p == '\t' || *p == '\n' || *p == '\r' || *p == '\\')
				fprintf(t->to, "\\%c", at[1]);
			else
				putc(*p, t->to);
		}
	}
	putc('\n', t->to);
}

int
table_init(
    struct table *t, FILE *to, enum table_form form, const char *const *names, size_t ncolumns)
{
	*t = (struct table){.to = to, .form = form, .widest = WIDEST, .failed = 1};
	if (ncolumns == 0 || ncolumns > TABLE_MAX_COLUMNS)
		return -1;
	t->names = calloc(ncolumns, sizeof(*t->names));
	t->width = calloc(ncolumns, sizeof(*t->width));
	t->is_text = calloc(ncolumns, 1);
	t->cells = calloc(ncolumns * TABLE_LOOK, sizeof(*t->cells));
	if (t->names == NULL || t->width == NULL || t->is_text == NULL || t->cells == NULL)
		return -1;
	t->ncolumns = ncolumns;
	for (size_t i = 0; i < ncolumns; i++) {
		t->names[i] = strdup(names[i]);
		if (t->names[i] == NULL)
			return -1;
	}
	t->failed = 0;
	if (form == TABLE_TABS)
		put_tabs(t, names);
	return 0;
}

static int
is_number(const char *text)
{
	return *text != '\0' && strspn(text, "-+0123456789.,eE") == strlen(text) &&
	    strpbrk(text, "0123456789");
}

static void
put_aligned(struct table *t, char *const *cells, int heading)
{
	struct buf line;

	buf_init(&line, MAX_LINE);
	for (size_t i = 0; i < t->ncolumns; i++) {
		const char *cell = cells[i] != NULL ? cells[i] : heading ? "" : NULL_TEXT;
		int right = !t->is_text[i];

		if (i > 0)
			buf_adds(&line, "  ");
		text_fit(&line, cell, t->width[i], right);
	}
	while (line.len > 0 && line.ptr[line.len - 1] == ' ')
		line.ptr[--line.len] = '\0';
	t->failed |= line.failed;
	fprintf(t->to, "%s\n", buf_str(&line));
	buf_fini(&line);
}

static void
widen(struct table *t, size_t column, const char *text)
{
	size_t w = text_width(text);

	if (w > t->widest)
		w = t->widest;
	if (w > t->width[column])
		t->width[column] = w;
}

static void
lay_out(struct table *t)
{
	struct buf rule;

	t->laid_out = 1;
	for (size_t c = 0; c < t->ncolumns; c++) {
		widen(t, c, t->names[c]);
		for (size_t r = 0; r < t->nrows; r++) {
			const char *cell = t->cells[r * t->ncolumns + c];

			widen(t, c, cell != NULL ? cell : NULL_TEXT);
			if (cell != NULL && !is_number(cell))
				t->is_text[c] = 1;
		}
	}
	put_aligned(t, t->names, 1);
	buf_init(&rule, MAX_LINE);
	for (size_t c = 0; c < t->ncolumns; c++) {
		buf_adds(&rule, c > 0 ? "  " : "");
		for (size_t i = 0; i < t->width[c]; i++)
			buf_addc(&rule, '-');
	}
	fprintf(t->to, "%s\n", buf_str(&rule));
	buf_fini(&rule);
	for (size_t r = 0; r < t->nrows; r++)
		put_aligned(t, t->cells + r * t->ncolumns, 0);
}

int
table_row(struct table *t, const char *const *cells)
{
	char **row = t->cells + t->nrows * t->ncolumns;

	if (t->failed)
		return -1;
	if (t->form == TABLE_TABS) {
		put_tabs(t, cells);
		return 0;
	}
	if (t->nrows == TABLE_LOOK && !t->laid_out)
		lay_out(t);
	if (t->laid_out) {
		put_aligned(t, (char *const *)cells, 0);
		return t->failed ? -1 : 0;
	}
	for (size_t i = 0; i < t->ncolumns; i++) {
		row[i] = cells[i] != NULL ? strdup(cells[i]) : NULL;
		if (cells[i] != NULL && row[i] == NULL)
			t->failed = 1;
	}
	t->nrows++;
	return t->failed ? -1 : 0;
}

int
table_fini(struct table *t)
{
	if (t->form == TABLE_ALIGNED && t->ncolumns > 0 && !t->laid_out && !t->failed)
		lay_out(t);
	for (size_t i = 0; t->cells != NULL && i < t->nrows * t->ncolumns; i++)
		free(t->cells[i]);
	for (size_t i = 0; t->names != NULL && i < t->ncolumns; i++)
		free(t->names[i]);
	free(t->cells);
	free(t->names);
	free(t->width);
	free(t->is_text);
	return t->failed ? -1 : 0;
}
