/* state.c - abhost state: what is committed of each stream, shown, taken out, put in, changed, forgotten.
 *
 * Whatever changes it does so under the destination's lock and in one transaction, and says what was there before. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"
#include "cli/state.h"
#include "engine/state_edit.h"
#include "engine/state_row.h"

enum { OPT_STATE, OPT_NAMESPACE, OPT_CONNECTOR };

#define MAX_TEXT ((size_t)1 << 30)

static ab_status
export_text(const struct dest_state *rows, size_t n, struct buf *out, struct error *e)
{
	buf_init(out, MAX_TEXT);
	return state_export(rows, n, out) == 0
	    ? AB_OK
	    : error_set(e, AB_ENOMEM, "no memory for the states");
}

static ab_status
do_export(struct state_command *c, struct error *e)
{
	struct buf text;

	if (export_text(c->rows, c->n, &text, e) == AB_OK)
		printf("%s\n", buf_str(&text));
	buf_fini(&text);
	return e->status;
}

/* What stands in Airbyte's form behind "stream_state": the stream's rows only. */
static char *
state_text(const struct dest_state *rows, size_t n, const char *stream, const char *namespace_)
{
	struct dest_state *own = calloc(n + 1, sizeof(*own));
	struct error ignored = ERROR_INIT;
	size_t count = 0;
	struct buf text;
	char *out = NULL, *at;

	for (size_t i = 0; own != NULL && i < n; i++)
		if (strcmp(rows[i].stream, stream) == 0 &&
		    strcmp(rows[i].namespace_, namespace_) == 0)
			own[count++] = rows[i];
	if (own != NULL && export_text(own, count, &text, &ignored) == AB_OK) {
		at = strstr(buf_str(&text), "\"stream_state\": ");
		out = at == NULL ? strdup("nothing") : strdup(at + strlen("\"stream_state\": "));
		if (out != NULL && at != NULL)
			out[strlen(out) - strlen("}}]")] = '\0';
		buf_fini(&text);
	}
	free(own);
	return out;
}

/* Puts the rows in the place of the stream's; durable with the commit. */
static ab_status
replace(struct state_command *c, const char *stream, const char *namespace_,
    struct state_rows *rows, struct error *e)
{
	char *before = state_text(c->rows, c->n, stream, namespace_);
	char *now = state_text(rows->rows, rows->n, stream, namespace_);
	struct dest_state *more = realloc(c->out, (c->nout + rows->n) * sizeof(*more) + 1);

	if (more != NULL)
		c->out = more;
	if (before == NULL || now == NULL || more == NULL)
		error_set(e, AB_ENOMEM, "no memory for the states");
	else if (c->dest->ops->state_delete(c->dest, stream, namespace_, e) == AB_OK) {
		buf_addf(&c->said, "%s%s%s: %s -> %s\n", namespace_, *namespace_ == '\0' ? "" : ".",
		    stream, before, now);
		memcpy(c->out + c->nout, rows->rows, rows->n * sizeof(*rows->rows));
		c->nout += rows->n;
		free(rows->rows);
		*rows = (struct state_rows){NULL, 0, 0};
	}
	dest_states_free(rows->rows, rows->n);
	free(before);
	free(now);
	return e->status;
}

static ab_status
commit(struct state_command *c, struct error *e)
{
	const struct dest_state **list = calloc(c->nout + 1, sizeof(*list));

	if (list == NULL)
		return error_set(e, AB_ENOMEM, "no memory for the states");
	for (size_t i = 0; i < c->nout; i++)
		list[i] = &c->out[i];
	if (c->dest->ops->commit(c->dest, list, c->nout, NULL, e) == AB_OK)
		fputs(buf_str(&c->said), stdout);
	free(list);
	return e->status;
}

static ab_status
set_one(void *ctx, const char *stream, const char *namespace_, const char *json, size_t len,
    struct error *e)
{
	struct state_command *c = ctx;
	struct state_rows rows;

	if (json == NULL)
		state_edit_reset(c->rows, c->n, stream, namespace_, &rows, e);
	else
		state_edit_set(c->rows, c->n, stream, namespace_, json, len, &rows, e);
	return e->status == AB_OK ? replace(c, stream, namespace_, &rows, e) : e->status;
}

static ab_status
do_set(struct state_command *c, struct error *e)
{
	const struct dest_state *row = state_find(c, e);
	const char *json = c->args->word[3];

	if (row == NULL || set_one(c, row->stream, row->namespace_, json, strlen(json), e) != AB_OK)
		return e->status;
	return commit(c, e);
}

static ab_status
do_reset(struct state_command *c, struct error *e)
{
	const struct dest_state *one = NULL;

	if (c->args->nwords > 2 && (one = state_find(c, e)) == NULL)
		return e->status;
	for (size_t i = 0; i < c->n && e->status == AB_OK; i++) {
		const struct dest_state *row = &c->rows[i];
		int is_first = i == 0 || strcmp(row[-1].stream, row->stream) != 0 ||
		    strcmp(row[-1].namespace_, row->namespace_) != 0;

		if (one != NULL ? row == one : is_first)
			set_one(c, row->stream, row->namespace_, NULL, 0, e);
	}
	return e->status == AB_OK ? commit(c, e) : e->status;
}

static ab_status
read_file(const char *path, struct buf *out, struct error *e)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char part[65536];
	size_t n;

	buf_init(out, MAX_TEXT);
	if (f == NULL)
		return error_set(e, AB_ECONFIG, "cannot read %s: %s", path, strerror(errno));
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(out, part, n);
	if (ferror(f))
		error_set(e, AB_ECONFIG, "cannot read %s: %s", path, strerror(errno));
	else if (out->failed)
		error_set(e, AB_ENOMEM, "no memory for %s", path);
	if (f != stdin)
		fclose(f);
	return e->status;
}

/* A LEGACY state is taken for what it looks like only where its names are those of streams; a new place has none yet. */
static int
knows(void *ctx, const char *stream)
{
	const struct state_command *c = ctx;

	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->rows[i].stream, stream) == 0)
			return 1;
	return c->n == 0;
}

/* A state_import_each.  A name may be a mistake, or a stream's that is to come. */
static ab_status
import_one(void *ctx, const char *stream, const char *namespace_, const char *json, size_t len,
    struct error *e)
{
	struct state_command *c = ctx;
	int is_known = c->n == 0;

	for (size_t i = 0; i < c->n && !is_known; i++)
		is_known = strcmp(c->rows[i].stream, stream) == 0 &&
		    strcmp(c->rows[i].namespace_, namespace_) == 0;
	if (!is_known)
		log_line(AB_WARN,
		    "\"%s%s%s\" has had no state here: it is kept for a stream of this name",
		    namespace_, *namespace_ == '\0' ? "" : ".", stream);
	return set_one(ctx, stream, namespace_, json, len, e);
}

static ab_status
do_import(struct state_command *c, struct error *e)
{
	const char *path = c->args->word[2];
	struct buf text;

	if (read_file(path, &text, e) == AB_OK &&
	    state_import(buf_str(&text), text.len, import_one, knows, c, e) != AB_OK)
		error_wrap(e, "%s", strcmp(path, "-") == 0 ? "standard input" : path);
	buf_fini(&text);
	return e->status == AB_OK ? commit(c, e) : e->status;
}

static const struct {
	const char *name, *words;
	int least, most; /* words, with the verb and DEST */
	int changes;
	ab_status (*run)(struct state_command *c, struct error *e);
} verbs[] = {
    {"show", "DEST [STREAM]", 2, 3, 0, state_show},
    {"export", "DEST", 2, 2, 0, do_export},
    {"import", "DEST FILE", 3, 3, 1, do_import},
    {"set", "DEST STREAM JSON", 4, 4, 1, do_set},
    {"reset", "DEST [STREAM]", 2, 3, 1, do_reset},
};
#define NVERBS (sizeof(verbs) / sizeof(verbs[0]))

static int
run_verb(struct state_command *c, size_t verb)
{
	const struct cli_args *a = c->args;
	const char *state_file = a->value[OPT_STATE], *connector = a->value[OPT_CONNECTOR];
	struct error e = ERROR_INIT;

	buf_init(&c->said, MAX_TEXT);
	c->namespace_ = a->value[OPT_NAMESPACE];
	if (connector == NULL)
		/* a look that fails makes no file */
		cli_open_data(a->word[1], state_file, &c->dest, &e);
	if (e.status == AB_OK && verbs[verb].changes) {
		if (c->dest != NULL)
			c->dest->ops->close(c->dest);
		c->dest = NULL;
		cli_open_data_of(a->word[1], connector, state_file, &c->dest, &e);
	}
	if (e.status == AB_OK && c->dest->ops->states(c->dest, &c->rows, &c->n, &e) == AB_OK) {
		state_sort(c);
		verbs[verb].run(c, &e);
	}
	dest_states_free(c->rows, c->n);
	dest_states_free(c->out, c->nout);
	buf_fini(&c->said);
	if (c->dest != NULL)
		c->dest->ops->close(c->dest);
	if (e.status == AB_OK)
		return CLI_DONE;
	cli_fail(&e);
	return CLI_FAILED;
}

static int
state_run(const struct cli_args *a)
{
	struct state_command c = {.args = a};
	struct cli_args whole = *a;

	for (size_t i = 0; i < NVERBS; i++) {
		if (strcmp(a->word[0], verbs[i].name) != 0)
			continue;
		if (a->nwords < verbs[i].least || a->nwords > verbs[i].most)
			return cli_misuse(&cmd_state, "expected abhost state %s %s", verbs[i].name,
			    verbs[i].words);
		return run_verb(&c, i);
	}
	if (a->nwords > 1)
		return cli_misuse(&cmd_state,
		    "\"%s\" is none of show, export, import, set and reset", a->word[0]);
	whole.word[1] = a->word[0];
	c.args = &whole;
	return run_verb(&c, 1);
}

static const struct cli_option options[] = {[OPT_STATE] = CLI_STATE,
    [OPT_NAMESPACE] = {"namespace", "NAME", "of the stream, where several have its name", 0},
    [OPT_CONNECTOR] = {"connector", "ID", "make a new destination for this connector (import)", 0},
    {.name = NULL}};
const struct cli_command cmd_state = {.name = "state",
    .words = "VERB DEST [WORDS]",
    .summary = "Show, export, import, set or reset what is committed of each stream",
    .more =
	"  show DEST [STREAM]      for people; of one stream with its partitions\n"
	"  export DEST             as Airbyte's state: a list of a message for each stream\n"
	"  import DEST FILE        such a list, messages one a line, or what Airbyte's API answers\n"
	"  set DEST STREAM JSON    the next run goes on from there\n"
	"  reset DEST [STREAM]     the next run reads the stream, or all, from the beginning\n\n"
	"DEST is what --to named: my-api.db, sqlite:FILE, jsonl:FOLDER; alone it means export. Changes are\n"
	"made in one transaction while no run has the destination, and the old state is printed. No row of a\n"
	"table is touched: in append, records behind a state that was set back come again.",
    .least = 1,
    .most = 4,
    .options = options,
    .run = state_run};
