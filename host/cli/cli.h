/* cli.h - what every command of abhost shares: its description, its words and options, how it ends.
 *
 * Only host/cli knows argv, the terminal and exit codes.  A command is one file with one `const struct cli_command`;
 * main.c lists them. */
#ifndef ABHOST_CLI_H
#define ABHOST_CLI_H
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "engine/sync.h"
#include "source/loader.h"

enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_CONFIG = 3, CLI_SOME_FAILED = 4 };

#define CLI_MAX_OPTIONS 32
#define CLI_LANES	8 /* of --concurrency, where it is not given */
#define CLI_MAX_REPEATS 256

struct cli_option {
	const char *name; /* without "--"; NULL ends the list */
	const char *
	    value; /* what follows it ("FILE"), what may follow it ("=SECONDS"), or NULL: a switch */
	const char *help;
	int repeats; /* may be given several times: cli_repeated has them all */
};

struct cli_args {
	const char *word[4]; /* CONNECTOR CONFIG, FILE, ... */
	int nwords;
	const char *value
	    [CLI_MAX_OPTIONS]; /* as in the command's list; NULL: not given; a switch, or one whose value was
					left out: "" */
	/* of options that repeat, in their order */
	struct {
		const char *value;
		int option;
	} repeated[CLI_MAX_REPEATS];
	size_t nrepeated;
	char **argv; /* of the whole program */
};

struct cli_command {
	const char *name;
	const char *words;   /* "CONNECTOR CONFIG" */
	const char *summary; /* a line without a full stop */
	const char *more;    /* paragraphs for --help, or NULL */
	int least, most;     /* words */
	const struct cli_option *options;
	const char *letters;		      /* short forms of the first options: "o"; or NULL */
	int (*run)(const struct cli_args *a); /* returns the exit code */
};

extern const struct cli_command *const cli_commands[]; /* NULL-terminated */
extern const struct cli_command cmd_airbyte, cmd_airbyte_destination, cmd_check, cmd_discover,
    cmd_help, cmd_history, cmd_inspect, cmd_install, cmd_list, cmd_new, cmd_query, cmd_read,
    cmd_remove, cmd_run, cmd_spec, cmd_state, cmd_test, cmd_version, cmd_wrap;

/* commands.c: the whole program; returns its exit code. */
int cli_main(int argc, char **argv);

/* args.c: from argv[1..] to a command's arguments.  An exit code >= 0 ends the program, -1: go on. */
int cli_parse(const struct cli_command *cmd, int argc, char **argv, struct cli_args *out);
/* Says what is wrong with the command line and where help is; returns CLI_USAGE. */
int cli_misuse(const struct cli_command *cmd, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* All values of an option that repeats, NULL-terminated, into out (room for CLI_MAX_REPEATS + 1); NULL: none. */
const char *const *cli_repeated(const struct cli_args *a, int option, const char **out);
/* A count ("20", "64K", "8M") from least to most; -1: it is not one. */
int cli_number(const char *text, uint64_t least, uint64_t most, uint64_t *out);

/* help.c */
void cli_help(FILE *to, const struct cli_command *cmd);
void cli_overview(FILE *to);

/* common.c */
/* "abhost: " and the sentence on standard error, redacted; the exit code for its status. */
int cli_fail(const struct error *e);
/* Flushes standard output; a full disk or a closed pipe is an error, not silence. */
int cli_finish(int code);
/* Text with what could draw on a terminal replaced, in place; line ends stay. */
char *cli_clean(char *text);

/* A folder that is recorded into. */
struct cli_recording {
	char *path; /* its full name; NULL: there is none */
	int is_new; /* it was made for this */
};

/* A connector with its configuration: found, read, expanded, checked, its secrets registered. */
struct cli_source {
	struct loader_file file;
	json_t *spec, *config;
	struct sync_options sync; /* connector, config and environment filled in */
	char *secrets, *choices;  /* sync's */
	struct cli_recording recording;
	int signal; /* that ended check, discover or read */
};
/* config NULL: the connector and its spec only. fini in any case. */
ab_status
cli_source_init(struct cli_source *s, const char *connector, const char *config, struct error *e);
/* Reads the configuration of one that was begun without.  literal: ${NAME} in it means nothing. */
ab_status cli_source_config(struct cli_source *s, const char *path, int literal, struct error *e);
/* The same with a configuration that stands in the file `config` (NULL: it is that file). */
ab_status cli_source_init_with(struct cli_source *s, const char *connector, const char *config,
    const json_t *inline_config, struct error *e);
void cli_source_fini(struct cli_source *s);
/* AB_ECONFIG where the source is a program that speaks Airbyte's protocol: `option` (NULL: the command) is for connectors of
 * abhost's own. */
ab_status cli_own(const struct cli_source *s, const char *option, struct error *e);
/* The same for check, discover and read, which log warnings only: an exit code, or -1: go on.  first: where in the command's options
 * CLI_LOOK_OPTIONS stand. */
int cli_look_init(struct cli_source *s, const struct cli_command *cmd, const struct cli_args *a,
    const json_t *config, int first);
/* How they fail: in silence, with 128 + N, where a signal ended them. */
int cli_look_fail(const struct cli_source *s, const struct error *e);
#define CLI_IN_PROCESS \
	{ \
		"in-process", NULL, "run the connector in this process, for gdb and valgrind", 0 \
	}
#define CLI_SECRETS \
	{ \
		"secrets", "FILE", \
		    "keep new refresh tokens here (default: beside CONFIG, as CONFIG-secrets.json)", \
		    0 \
	}
#define CLI_STATE \
	{ \
		"state", "FILE", "where run --state kept it (jsonl:-)", 0 \
	}
#define CLI_TRACE \
	{ \
		"trace", NULL, "a line on standard error for each HTTP request", 0 \
	}
#define CLI_RECORD \
	{ \
		"record", "DIR", \
		    "record what the API answers into an empty folder, without secrets", 0 \
	}
#define CLI_REPLAY \
	{ \
		"replay", "DIR", "take every answer from a recording; opens no connection", 0 \
	}
#define CLI_PYTHON \
	{ \
		"python", "PACKAGE", \
		    "install this package of Python's for airbyte:PROGRAM, once, as in airbyte-source-faker==7.2.1", \
		    0 \
	}
/* of check, discover and read */
#define CLI_LOOK_OPTIONS CLI_SECRETS, CLI_IN_PROCESS, CLI_TRACE, CLI_RECORD, CLI_REPLAY, CLI_PYTHON
/* python.c: the connector that is meant, malloc'ed: where there is a package, the program in it. */
ab_status cli_python(const char *connector, const char *package, char **out, struct error *e);
/* record.c: what the last two say (NULL: nothing), for s->sync. */
ab_status cli_record(struct cli_source *s, const char *record, const char *replay, struct error *e);
/* Makes the folder, or takes an empty one. */
ab_status cli_record_begin(struct cli_recording *r, const char *folder, struct error *e);
/* Whoever recorded has ended.  A recording that nobody wants, or in which there is no exchange, is removed, and that is
 * said.  1: it stays. */
int cli_record_end(struct cli_recording *r, int is_wanted);
/* A line of --trace, redacted, on standard error. */
void cli_trace(const struct source_trace *t);
/* Whether this program is the one that can; and becoming it, with the same arguments (returns only on failure). */
int cli_is_in_process(void);
int cli_exec_in_process(char **argv);
/* Its path: beside this program in a build tree, else where it was installed.  -1: it is not there. */
int cli_find_in_process(char *path, size_t size);
/* secrets.c */
/* Fills in sync.secrets: the chosen file, or one beside the configuration, or beside the data (NULL: there are none). */
ab_status cli_secrets(struct cli_source *s, const char *chosen, const char *config,
    const char *data, struct error *e);
/* Opens what --to named, or a SQLite file of any name, whosever it is, to look at it. */
ab_status cli_open_data(const char *to, const char *state_file, struct dest **out, struct error *e);
/* The same for changes; made where it is not there.  connector NULL: whosever it is. */
ab_status cli_open_data_of(const char *to, const char *connector, const char *state_file,
    struct dest **out, struct error *e);
/* Prints a JSON value for people: indented, keys in their order. */
int cli_print_json(const json_t *v);
#endif
