/* summary.c - see summary.h. */
#include "cli/summary.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/redact.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "cli/text.h"

/* Appends text as one word of a shell's command line. */
static void
add_shell_word(struct buf *b, const char *text)
{
	size_t plain = strspn(
	    text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+,=");

	if (*text != '\0' && text[plain] == '\0') {
		buf_adds(b, text);
		return;
	}
	buf_addc(b, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			buf_adds(b, "'\\''");
		else
			buf_addc(b, *text);
	}
	buf_addc(b, '\'');
}

/* A file's name, which must not look like an option. */
static void
add_shell_path(struct buf *b, const char *path)
{
	if (*path == '-')
		buf_adds(b, "./");
	add_shell_word(b, path);
}

/* Appends a table's name as SQL wants it. */
static void
add_identifier(struct buf *b, const char *name)
{
	size_t len = strlen(name);
	int plain = len > 0 && (*name < '0' || *name > '9') && len < 256 &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
		len &&
	    !sqlite3_keyword_check(name, (int)len);

	if (plain) {
		buf_adds(b, name);
		return;
	}
	buf_addc(b, '"');
	for (; *name != '\0'; name++) {
		if (*name == '"')
			buf_addc(b, '"');
		buf_addc(b, *name);
	}
	buf_addc(b, '"');
}

/* The file behind "sqlite:FILE?page_size=8192" or "FILE.db"; free() it. NULL: not a SQLite file. */
static char *
sqlite_path(const char *to)
{
	static const char *const ends[] = {".db", ".sqlite", ".sqlite3"};
	int is_sqlite = strncmp(to, "sqlite:", 7) == 0;
	size_t len = strlen(to);
	char *path;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]) && !is_sqlite; i++)
		is_sqlite =
		    len > strlen(ends[i]) && strcmp(to + len - strlen(ends[i]), ends[i]) == 0;
	path = is_sqlite ? strdup(strncmp(to, "sqlite:", 7) == 0 ? to + 7 : to) : NULL;
	if (path != NULL)
		path[strcspn(path, "?")] = '\0';
	return path;
}

static const struct sync_stream_report *
best_stream(const struct sync_report *r)
{
	const struct sync_stream_report *best = NULL;

	for (size_t i = 0; i < r->nstreams; i++)
		if (!r->streams[i].failed && !r->streams[i].stopped &&
		    r->streams[i].where != NULL &&
		    (best == NULL || r->streams[i].records > best->records))
			best = &r->streams[i];
	return best;
}

static void
print_query(FILE *out, const char *path, const char *table)
{
	struct buf sql, line;

	buf_init(&sql, 2048);
	buf_init(&line, 8192);
	buf_adds(&sql, "SELECT * FROM ");
	add_identifier(&sql, table);
	buf_adds(&sql, " LIMIT 5");
	add_shell_path(&line, path);
	buf_addc(&line, ' ');
	if (strpbrk(buf_str(&sql), "\"$`\\!") == NULL)
		buf_addf(&line, "\"%s\"", buf_str(&sql));
	else
		add_shell_word(&line, buf_str(&sql));
	fprintf(out, "Next: abhost query %s\n", buf_str(&line));
	buf_fini(&sql);
	buf_fini(&line);
}

/* A pipe's lines are gone, and a FIFO must not be opened. */
static void
print_head(FILE *out, const char *path)
{
	struct buf line;
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return;
	buf_init(&line, 8192);
	add_shell_path(&line, path);
	fprintf(out, "Next: head -n 5 %s\n", buf_str(&line));
	buf_fini(&line);
}

static void
print_next(FILE *out, const struct sync_report *r, const char *to)
{
	const struct sync_stream_report *s = best_stream(r);
	char *path = sqlite_path(to);

	if (s != NULL && path != NULL)
		print_query(out, path, s->where);
	else if (s != NULL)
		print_head(out, s->where);
	free(path);
}

static int
print_row(struct table *t, const struct sync_stream_report *s)
{
	char read[TEXT_NUMBER], written[TEXT_NUMBER], mode[80];
	const char *cells[] = {s->name, mode, text_count(s->records, read),
	    text_count(s->written, written),
	    s->failed		   ? "(failed)"
		: s->stopped	   ? "(stopped)"
		: s->where != NULL ? s->where
				   : "-"};

	snprintf(mode, sizeof(mode), "%s, %s", s->sync_mode, s->destination_sync_mode);
	return table_row(t, cells);
}

/* What was not written as it came. */
static void
print_stats(FILE *out, const struct sync_stream_report *s)
{
	const struct {
		int64_t n;
		const char *what;
	} counts[] = {
	    {s->stats.widened, "columns got a wider type"},
	    {s->stats.nulled, "values did not fit and are NULL (see _airbyte_meta)"},
	    {s->stats.truncated, "texts held half a character (see _airbyte_meta)"},
	    {s->stats.discarded_rows, "records did not fit and are not written"},
	    {s->stats.discarded_values, "values had no column and are not written"},
	    {s->stats.duplicate_keys, "keys stood twice in a record: the last one counts"},
	    {s->stats.deleted, "records were marked as deleted"},
	};
	const char *between = ": ";
	char n[TEXT_NUMBER], name[256];

	snprintf(name, sizeof(name), "%s", s->name);

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		if (counts[i].n == 0)
			continue;
		if (*between == ':')
			fprintf(out, "  %s", cli_clean(name));
		fprintf(out, "%s%s %s", between, text_count(counts[i].n, n), counts[i].what);
		between = "; ";
	}
	if (*between == ';')
		fputc('\n', out);
}

void
summary_print(FILE *out, const struct sync_report *r, const char *to)
{
	static const char *const names[] = {"stream", "mode", "read", "written", "where"};
	char records[TEXT_NUMBER], bytes[TEXT_NUMBER], time[TEXT_NUMBER], rate[TEXT_NUMBER];
	int64_t us = r->ended_us > r->started_us ? r->ended_us - r->started_us : 1;
	struct table t;
	int rc = table_init(&t, out, TABLE_ALIGNED, names, 5);

	fputc('\n', out);
	for (size_t i = 0; rc == 0 && i < r->nstreams; i++)
		rc = print_row(&t, &r->streams[i]);
	table_fini(&t);
	for (size_t i = 0; i < r->nstreams; i++)
		print_stats(out, &r->streams[i]);
	fprintf(out, "\n%s record%s (%s) in %s, %s records/s, into %s\n",
	    text_count(r->records, records), r->records == 1 ? "" : "s",
	    text_bytes(r->bytes, bytes), text_duration(us, time),
	    text_count((int64_t)((double)r->records * 1e6 / (double)us), rate), to);
	if (r->verified > 0 && r->outcome == SYNC_DONE)
		fprintf(out, "Verified: %s rows hold what the source gave\n",
		    text_count(r->verified, records));
	if (r->outcome == SYNC_DONE)
		print_next(out, r, to);
}

int
summary_trouble(const struct sync_report *r, const char *to)
{
	char text[sizeof(r->streams->error)];
	size_t failed = 0;

	for (size_t i = 0; i < r->nstreams; i++)
		failed += r->streams[i].failed != 0;
	if (r->outcome == SYNC_CANCELLED) {
		fprintf(stderr,
		    "abhost: stopped by %s; everything committed so far is in %s.\n%s\n",
		    r->signal == SIGINT ? "Ctrl-C" : "a signal", to,
		    r->is_forgetful
			? "The same command begins again; with --state FILE it would go on from there."
			: "Run the same command again to go on from there.");
		return 1;
	}
	for (size_t i = 0; failed > 0 && i < r->nstreams; i++) {
		if (!r->streams[i].failed)
			continue;
		snprintf(text, sizeof(text), "%s", r->streams[i].error);
		fprintf(stderr, "abhost: %s\n", cli_clean(redact_text(text)));
	}
	if (failed > 0)
		fprintf(stderr, "abhost: %zu of %zu streams failed; %s.\n", failed, r->nstreams,
		    r->is_forgetful
			? "the same command begins again, and with --state FILE it would go on"
			: "what was committed is kept, and the same command goes on from there");
	return failed > 0;
}
