/* kit.h - inside of accept.h: what the checks share. */
#ifndef ABHOST_ACCEPT_KIT_H
#define ABHOST_ACCEPT_KIT_H
#include <jansson.h>

#include "accept/accept.h"
#include "base/buf.h"
#include "engine/catalog.h"
#include "engine/plan.h"
#include "source/loader.h"
#include "source/sofile.h"

/* What a check found.  Texts are bounded, and cut, and valid UTF-8. */
struct finding {
	struct buf expected, seen, reason, note;
};

struct read; /* read.h */

struct kit {
	const struct accept_options *o;
	struct loader_file file;
	struct error file_error; /* why it cannot be used, AB_OK: it can */
	struct sofile *so;	 /* NULL: it is no library */
	json_t *spec;		 /* NULL: it is no JSON object */
	json_t *config;		 /* expanded, defaults filled in; NULL: there is none that fits */
	char *config_path;	 /* NULL: there is no file */
	char *config_text;
	struct error config_error; /* why there is no config */
	char *fixtures;		   /* the folder's full name, "" for none */
	char printed[400];	   /* the first line that the connector printed */
	/* streams family */
	json_t *told;		/* array of texts, as add_stream had them */
	struct catalog catalog; /* those that passed, each name once */
	int has_catalog;
	struct error unknown; /* --stream names one that it does not have; AB_OK: it has it */
	struct plan plan;     /* the selected streams, in default modes */
	int has_plan;
	struct read *reads; /* as many as the plan has streams; NULL: nothing was read yet */
	/* family faults */
	struct spoil *spoil;
};

typedef enum accept_verdict check_fn(struct kit *k, struct finding *f);

/* kit.c: the ends of a check. */
void finding_init(struct finding *f);
void finding_fini(struct finding *f);
enum accept_verdict finding_fail(struct finding *f, const char *expected, const char *seen, ...)
    __attribute__((format(printf, 3, 4)));
enum accept_verdict
finding_skip(struct finding *f, const char *reason, ...) __attribute__((format(printf, 2, 3)));
void finding_note(struct finding *f, const char *text, ...) __attribute__((format(printf, 2, 3)));

/* Opens the file, reads its spec, finds config and fixtures.  kit_fini in any case. */
ab_status kit_init(struct kit *k, const struct accept_options *o, struct error *e);
void kit_fini(struct kit *k);
/* Reads a configuration beside the connector into *out, NAMEs of the environment that are not set replaced by a word. */
ab_status kit_read_config(struct kit *k, const char *path, json_t **out, struct error *e);
/* Whether config.example.json, where there is one that is not in use, fits the spec. */
enum accept_verdict kit_check_example(struct kit *k, struct finding *f);
#endif
