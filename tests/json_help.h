/* json_help.h - for the tests of scanner and views: texts that end at a wall, and texts gone wrong. */
#ifndef TESTS_JSON_HELP_H
#define TESTS_JSON_HELP_H
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "data/scan.h"

/* A copy of the text with `padding` zero bytes behind it, then a page that nobody may touch, so that
 * reading one byte too far crashes.  Valid until the next call. */
const char *wall_copy(const char *text, size_t len, size_t padding);

/* The same numbers on every machine. */
uint64_t random_next(uint64_t *state);
/* One to three small changes, of the kind that a text suffers: bytes changed, dropped, doubled, cut. */
void text_mutate(struct buf *text, uint64_t *state);
/* A page of a few records with everything that JSON has. */
void text_generate(struct buf *text, uint64_t *state);

enum oracle_verdict { ORACLE_NO, ORACLE_YES, ORACLE_UNSURE };
/* What jansson thinks of a page; *records (json_decref) lists all its records where it says yes.  Unsure: numbers
 * that it cannot hold, lone surrogates, NUL in keys. */
enum oracle_verdict oracle_page(const char *text, size_t len, json_t **records);
/* Is this one JSON value? *value is its, unless NULL. */
enum oracle_verdict oracle_value(const char *text, size_t len, json_t **value);
/* Does the table of a scanned page say what jansson's tree says? NULL: yes, else what differs. */
const char *oracle_compare(const struct scan *s, const char *page, const json_t *records);
#endif
