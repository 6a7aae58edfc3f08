/* fake-api - a server that answers like My API, from a seed, and goes wrong by script.  Loopback only. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server.h"

static const char usage[] =
    "Usage: fake-api [OPTION...]\n"
    "Serves My API on 127.0.0.1; says where on standard output; ends at SIGTERM or SIGINT.\n\n"
    "  --port N           0: any free one (the default)\n"
    "  --key KEY          the API key (default: test-key)\n"
    "  --seed N           what the records are made from (default: 1)\n"
    "  --users N          how many users (default: 100)\n"
    "  --events N         how many events (default: 1000)\n"
    "  --shape SHAPE      of events: flat (212 bytes), nested (3.2 KB), wide (60 columns)\n"
    "  --unsorted         events in an order of no meaning\n"
    "  --duplicates N     so many percent of the events come twice (and are unsorted)\n"
    "  --distance N       ... the second time at most so many events behind the first (default: 4)\n"
    "  --limit-max N      most records of a page (default: 1000)\n"
    "  --lists PATH       a folder or file of JSON lists, served under /v1/lists/\n"
    "  --fault SPEC       a fault (fault.h has the list); may be given again\n"
    "  --storm PERCENT    so many requests fail in a way that trying again mends\n"
    "  --gzip             compress for those who accept it\n"
    "  --gzip-once        the same, but each page only once (lists must not change)\n"
    "  --dump LIST        print the records of a list as JSON lines, serve nothing\n"
    "The rest is under /_admin/ (admin.c has the list).\n";

struct options {
	unsigned long port, seed, users, events, duplicates, distance, limit_max, storm;
	const char *key, *dump, *lists[16], *faults[64];
	int nlists, nfaults, unsorted, gzip;
	enum render_shape shape;
};

enum { OPT_PORT = 256, OPT_KEY, OPT_SEED, OPT_USERS, OPT_EVENTS, OPT_SHAPE, OPT_UNSORTED };
enum {
	OPT_DUPLICATES = 300,
	OPT_DISTANCE,
	OPT_LIMIT,
	OPT_LISTS,
	OPT_FAULT,
	OPT_STORM,
	OPT_GZIP,
	OPT_GZIP_ONCE,
	OPT_DUMP
};

static const struct option longs[] = {
    {"port", required_argument, NULL, OPT_PORT},
    {"key", required_argument, NULL, OPT_KEY},
    {"seed", required_argument, NULL, OPT_SEED},
    {"users", required_argument, NULL, OPT_USERS},
    {"events", required_argument, NULL, OPT_EVENTS},
    {"shape", required_argument, NULL, OPT_SHAPE},
    {"unsorted", no_argument, NULL, OPT_UNSORTED},
    {"duplicates", required_argument, NULL, OPT_DUPLICATES},
    {"distance", required_argument, NULL, OPT_DISTANCE},
    {"limit-max", required_argument, NULL, OPT_LIMIT},
    {"lists", required_argument, NULL, OPT_LISTS},
    {"fault", required_argument, NULL, OPT_FAULT},
    {"storm", required_argument, NULL, OPT_STORM},
    {"gzip", no_argument, NULL, OPT_GZIP},
    {"gzip-once", no_argument, NULL, OPT_GZIP_ONCE},
    {"dump", required_argument, NULL, OPT_DUMP},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static unsigned long
number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0') {
		fprintf(stderr, "fake-api: not a number: %s\n", text);
		exit(2);
	}
	return n;
}

static enum render_shape
shape_option(const char *name)
{
	int shape = render_shape_named(name);

	if (shape == -1) {
		fprintf(stderr, "fake-api: no such shape: %s\n", name);
		exit(2);
	}
	return (enum render_shape)shape;
}

/* 1 where the option is one of those with a number. */
static int
take_number(struct options *o, int opt)
{
	unsigned long *to = opt == OPT_PORT ? &o->port
	    : opt == OPT_SEED		    ? &o->seed
	    : opt == OPT_USERS		    ? &o->users
	    : opt == OPT_EVENTS		    ? &o->events
	    : opt == OPT_DUPLICATES	    ? &o->duplicates
	    : opt == OPT_DISTANCE	    ? &o->distance
	    : opt == OPT_LIMIT		    ? &o->limit_max
	    : opt == OPT_STORM		    ? &o->storm
					    : NULL;

	if (to != NULL)
		*to = number(optarg);
	return to != NULL;
}

static void
take_option(struct options *o, int opt)
{
	if (take_number(o, opt))
		return;
	if (opt == OPT_KEY)
		o->key = optarg;
	else if (opt == OPT_SHAPE)
		o->shape = shape_option(optarg);
	else if (opt == OPT_UNSORTED)
		o->unsorted = 1;
	else if (opt == OPT_GZIP || opt == OPT_GZIP_ONCE)
		o->gzip = opt == OPT_GZIP ? 1 : 2;
	else if (opt == OPT_DUMP)
		o->dump = optarg;
	else if (opt == OPT_LISTS && o->nlists < 16)
		o->lists[o->nlists++] = optarg;
	else if (opt == OPT_FAULT && o->nfaults < 64)
		o->faults[o->nfaults++] = optarg;
	else {
		fputs(usage, opt == 'h' ? stdout : stderr);
		exit(opt == 'h' ? 0 : 2);
	}
}

static int
fill_store(struct store *s, const struct options *o)
{
	struct store_list *l;

	store_init(s, o->seed);
	l = store_add_list(s, "users", RENDER_USER);
	if (l == NULL || store_add_records(s, l, o->users, 0) == -1)
		return -1;
	l = store_add_list(s, "events", o->shape);
	if (l == NULL || store_add_records(s, l, o->events, 0) == -1)
		return -1;
	if (o->unsorted)
		store_shuffle(s, l);
	if (o->duplicates > 0 && store_repeat(s, l, (unsigned)o->duplicates, o->distance) == -1)
		return -1;
	for (int i = 0; i < o->nlists; i++)
		if (lists_load(s, o->lists[i]) == -1)
			return -1;
	return 0;
}

static int
dump_list(struct store *s, const char *name)
{
	const struct store_list *l = store_find(s, name, strlen(name));

	if (l == NULL) {
		fprintf(stderr, "fake-api: no such list: %s\n", name);
		return 2;
	}
	for (size_t at = store_seek(l, 0, INT64_MIN); at < l->count;
	     at = store_seek(l, at + 1, INT64_MIN))
		printf("%.*s\n", (int)l->records[at].len, l->records[at].bytes);
	return fflush(stdout) == 0 ? 0 : 1;
}

static int
serve(struct server *s, uint16_t port)
{
	const union MHD_DaemonInfo *bound;
	struct MHD_Daemon *daemon;
	sigset_t stop;
	int sig;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);
	daemon = server_start(s, port);
	if (daemon == NULL) {
		fprintf(stderr, "fake-api: cannot listen on port %u\n", port);
		return 1;
	}
	bound = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
	printf("listening on http://127.0.0.1:%u/v1/\n", bound->port);
	fflush(stdout);
	sigwait(&stop, &sig);
	_exit(0); /* a connection that hangs by script would never let the daemon stop */
}

int
main(int argc, char **argv)
{
	struct options o = {
	    .seed = 1, .users = 100, .events = 1000, .distance = 4, .limit_max = 1000};
	static struct server s;
	char why[128];
	int opt;

	o.key = "test-key";
	while ((opt = getopt_long(argc, argv, "h", longs, NULL)) != -1)
		take_option(&o, opt);
	if (optind != argc || o.port > 65535) {
		fputs(usage, stderr);
		return 2;
	}
	fault_plan_init(&s.faults, (unsigned)o.storm, o.seed);
	for (int i = 0; i < o.nfaults; i++)
		if (fault_plan_add(&s.faults, o.faults[i], why) == -1) {
			fprintf(stderr, "fake-api: %s\n", why);
			return 2;
		}
	if (fill_store(&s.store, &o) == -1) {
		fprintf(stderr, "fake-api: the records could not be made\n");
		return 1;
	}
	if (o.dump != NULL)
		return dump_list(&s.store, o.dump);
	request_log_init(&s.log);
	oauth_init(&s.oauth);
	s.limit_max = o.limit_max == 0 ? 1 : o.limit_max;
	s.gzip = o.gzip != 0;
	if (o.gzip == 2)
		s.packed = calloc(1, sizeof(*s.packed));
	if (s.packed != NULL)
		pthread_mutex_init(&s.packed->lock, NULL);
	snprintf(s.key, sizeof(s.key), "%s", o.key);
	return serve(&s, (uint16_t)o.port);
}
