/* args.c - the command line of one command, by its table of options. */
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "data/near.h"

int
cli_misuse(const struct cli_command *cmd, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "abhost%s%s: %s\n", cmd != NULL ? " " : "", cmd != NULL ? cmd->name : "",
	    cli_clean(text));
	fprintf(stderr, "Try `abhost %s%s--help`.\n", cmd != NULL ? cmd->name : "",
	    cmd != NULL ? " " : "");
	return CLI_USAGE;
}

int
cli_number(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
	uint64_t n = 0, unit = 1;

	if (*text < '0' || *text > '9')
		return -1;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (n > (UINT64_MAX - 9) / 10)
			return -1;
		n = n * 10 + (uint64_t)(*text - '0');
	}
	if (*text == 'K' || *text == 'M')
		unit = *text++ == 'K' ? 1u << 10 : 1u << 20;
	if (*text != '\0' || n > UINT64_MAX / unit || n * unit < least || n * unit > most)
		return -1;
	*out = n * unit;
	return 0;
}

/* getopt refused argv[optind - 1], or what stands there. */
static int
refuse_option(const struct cli_command *cmd, const char *arg, int missing_value)
{
	size_t len = strcspn(arg, "=");
	char name[64];

	if (missing_value)
		return cli_misuse(cmd, "%s needs a value", arg);
	if (strncmp(arg, "--", 2) == 0 && len < sizeof(name)) {
		memcpy(name, arg, len);
		name[len] = '\0';
		for (const struct cli_option *o = cmd->options; o->name != NULL; o++) {
			if (o->value == NULL && strcmp(name + 2, o->name) == 0)
				return cli_misuse(cmd, "--%s takes no value", o->name);
			if (near_word(name + 2, o->name))
				return cli_misuse(
				    cmd, "there is no option %s; is --%s meant?", name, o->name);
		}
	}
	return cli_misuse(cmd, "there is no option %s", arg);
}

/* The i-th word of "CONNECTOR CONFIG". */
static const char *
word_name(const char *words, int i, int *len)
{
	while (i-- > 0)
		words += strcspn(words, " ") + 1;
	*len = (int)strcspn(words, " ");
	return words;
}

static int
take_words(const struct cli_command *cmd, int argc, char **argv, struct cli_args *out)
{
	const char *missing;
	int len;

	out->nwords = argc;
	if (argc < cmd->least) {
		missing = word_name(cmd->words, argc, &len);
		return cli_misuse(
		    cmd, "%.*s is missing: abhost %s %s", len, missing, cmd->name, cmd->words);
	}
	if (argc > cmd->most)
		return cli_misuse(cmd, "\"%s\" is one word too many: abhost %s%s%s",
		    argv[cmd->most], cmd->name, *cmd->words == '\0' ? "" : " ", cmd->words);
	for (int i = 0; i < argc; i++)
		out->word[i] = argv[i];
	return -1;
}

static int
take_value(const struct cli_command *cmd, int i, const char *value, struct cli_args *out)
{
	if (cmd->options[i].repeats) {
		if (out->nrepeated == CLI_MAX_REPEATS)
			return cli_misuse(cmd, "--%s is given too often", cmd->options[i].name);
		out->repeated[out->nrepeated].option = i;
		out->repeated[out->nrepeated++].value = value;
	} else if (out->value[i] != NULL) {
		return cli_misuse(cmd, "--%s is given twice", cmd->options[i].name);
	}
	out->value[i] = value;
	return -1;
}

const char *const *
cli_repeated(const struct cli_args *a, int option, const char **out)
{
	size_t n = 0;

	for (size_t i = 0; i < a->nrepeated; i++)
		if (a->repeated[i].option == option)
			out[n++] = a->repeated[i].value;
	out[n] = NULL;
	return n == 0 ? NULL : out;
}

/* getopt's letters: -h, and those of the command, all of which take a value. */
static void
list_letters(const struct cli_command *cmd, char out[16])
{
	size_t n = 0;

	out[n++] = ':';
	out[n++] = 'h';
	for (const char *l = cmd->letters; l != NULL && *l != '\0' && n < 13; l++) {
		out[n++] = *l;
		out[n++] = ':';
	}
	out[n] = '\0';
}

/* The option that getopt found; -1: none. */
static int
option_of(const struct cli_command *cmd, int c)
{
	const char *letter = c < 256 && cmd->letters != NULL ? strchr(cmd->letters, c) : NULL;

	if (c >= 256)
		return c - 256;
	return letter == NULL || c == ':' || c == '?' ? -1 : (int)(letter - cmd->letters);
}

int
cli_parse(const struct cli_command *cmd, int argc, char **argv, struct cli_args *out)
{
	struct option longs[CLI_MAX_OPTIONS + 2];
	char letters[16];
	int n = 0, c, code;

	list_letters(cmd, letters);
	memset(longs, 0, sizeof(longs));
	for (; cmd->options[n].name != NULL; n++)
		longs[n] = (struct option){.name = cmd->options[n].name,
		    .has_arg = cmd->options[n].value == NULL ? no_argument
			: *cmd->options[n].value == '='	     ? optional_argument
							     : required_argument,
		    .val = 256 + n};
	longs[n] = (struct option){.name = "help", .val = 'h'};
	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (c == 'h') {
			cli_help(stdout, cmd);
			return CLI_DONE;
		}
		/* of "-xyz" only the letter is known: getopt stands before or behind the word */
		if (c == '?' && optopt > 0 && optopt < 256 && optopt != 'h')
			return cli_misuse(cmd, "there is no option -%c", optopt);
		if (option_of(cmd, c) < 0)
			return refuse_option(cmd, argv[optind - 1], c == ':');
		/* a variable that is not set must not turn "these" into "all" */
		if (c >= 256 && longs[c - 256].has_arg == optional_argument && optarg != NULL &&
		    *optarg == '\0')
			return cli_misuse(cmd,
			    "--%s= has no value behind it: leave out the =, or say which",
			    longs[c - 256].name);
		code = take_value(cmd, option_of(cmd, c), optarg != NULL ? optarg : "", out);
		if (code >= 0)
			return code;
	}
	return take_words(cmd, argc - optind, argv + optind, out);
}
