/* record.c - fixtures: asks the real API all that the checks ask, each once, and records it. */
#include <string.h>

#include "accept/act.h"
#include "accept/checks.h"
#include "accept/read.h"

static ab_status
ask_check(struct kit *k, struct error *e)
{
	const struct act_options o = {0};
	struct act a;

	if (act_open(&a, k, &o) != AB_OK || act_check(&a) != AB_OK)
		error_set(e, a.error.status, "%s", a.error.text);
	act_close(&a);
	return e->status;
}

/* A check that asks as it looks. */
static ab_status
ask_by(struct kit *k, check_fn *fn, struct error *e)
{
	struct finding f;

	finding_init(&f);
	if (fn(k, &f) == ACCEPT_FAILED)
		error_set(e, AB_EDATA, "cannot be recorded: expected %s; seen: %s",
		    buf_str(&f.expected), buf_str(&f.seen));
	finding_fini(&f);
	return e->status;
}

static ab_status
ask_reads(struct kit *k, struct error *e)
{
	const struct read *reads = reads_of(k);

	if (reads == NULL)
		return error_set(e, AB_ENOMEM, "no memory");
	for (size_t i = 0; i < k->plan.n; i++)
		if (reads[i].whole.error.status != AB_OK)
			return error_set(
			    e, reads[i].whole.error.status, "%s", reads[i].whole.error.text);
	return AB_OK;
}

ab_status
accept_record(const struct accept_options *o, struct accept_counts *counts, struct error *e)
{
	struct error told_by_the_tests = ERROR_INIT; /* with what comes first */
	struct kit k;
	struct accept_signals old;

	memset(counts, 0, sizeof(*counts));
	accept_catch(&old);
	if (kit_init(&k, o, e) == AB_OK && k.file_error.status != AB_OK)
		error_set(e, k.file_error.status, "%s", k.file_error.text);
	if (e->status == AB_OK && k.config_error.status != AB_OK)
		error_set(e, k.config_error.status, "%s", k.config_error.text);
	if (e->status == AB_OK && ask_check(&k, e) == AB_OK &&
	    ask_by(&k, check_streams_list, e) == AB_OK &&
	    ask_by(&k, check_streams_modes, e) == AB_OK && ask_reads(&k, e) == AB_OK)
		(void)ask_by(&k, check_read_state, &told_by_the_tests);
	counts->signal = accept_stopped();
	kit_fini(&k);
	accept_release(&old);
	return e->status;
}
