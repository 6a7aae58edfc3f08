/* libFuzzer target: scan_page and scan_value against jansson.  A difference in verdict or table, or one byte read
 * past the padding, aborts.  The first byte of the input chooses between a page and a single value. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_help.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
stop(const char *what, const struct error *e)
{
	fprintf(stderr, "fuzz-scan: %s: %s\n", what, e->text);
	abort();
}

static void
try_page(const char *text, size_t len)
{
	static struct scan table; /* reused, so that nothing of a page shows in the next */
	struct error e = ERROR_INIT;
	json_t *records = NULL;
	const enum oracle_verdict verdict = oracle_page(text, len, &records);
	char *page = calloc(1, len + SCAN_PADDING);
	const char *differs = NULL;
	ab_status rc;

	if (page == NULL)
		abort();
	memcpy(page, text, len);
	rc = scan_page(&table, page, len, &e);
	if (verdict == ORACLE_YES && rc == AB_OK)
		differs = oracle_compare(&table, page, records);
	if (differs != NULL || (verdict == ORACLE_YES && rc != AB_OK))
		stop(differs != NULL ? differs : "refused", &e);
	if (verdict == ORACLE_NO && rc != AB_EDATA)
		stop("accepted", &e);
	free(page);
	json_decref(records);
}

static void
try_value(const char *text, size_t len)
{
	struct error e = ERROR_INIT;
	const enum oracle_verdict verdict = oracle_value(text, len, NULL);
	char *exact = malloc(len > 0 ? len : 1);
	size_t used;
	int ok;

	if (exact == NULL)
		abort();
	memcpy(exact, text, len);
	ok = scan_value(exact, len, &used, &e) == AB_OK && used == len;
	if (verdict != ORACLE_UNSURE && ok != (verdict == ORACLE_YES))
		stop("the verdict on a value differs", &e);
	free(exact);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	if (size == 0)
		return 0;
	if (text[0] == 'v')
		try_value(text + 1, size - 1);
	else
		try_page(text + 1, size - 1);
	return 0;
}
