/* strict.c - family strict: the worker lends nothing for longer than it says, and answers on the right thread only. */
#include <config.h>

#include <string.h>

#include "accept/act.h"
#include "accept/checks.h"
#include "accept/spoil.h"

/* All that a connector is asked for, in a strict worker, up to close; what it failed with. */
static ab_status
run_all(struct kit *k, struct act *a)
{
	const struct act_options o = {.strict = 1};
	ab_status rc = act_open(a, k, &o);

	if (rc == AB_OK)
		rc = spoil_all(a);
	return rc == AB_OK ? act_finish(a) : rc;
}

static int
is_about_threads(const struct act *a)
{
	return strstr(a->error.text, " was called ") != NULL && !source_dead(a->source);
}

enum accept_verdict
check_strict_lent(struct kit *k, struct finding *f)
{
	enum accept_verdict v = ACCEPT_OK;
	struct act a;

	if (run_all(k, &a) != AB_OK && !is_about_threads(&a))
		v = act_failed(&a, f,
		    "what the host lends is used until the call returns (the config: until close), and no longer; copy what you keep");
	act_close(&a);
	return v;
}

enum accept_verdict
check_strict_threads(struct kit *k, struct finding *f)
{
	enum accept_verdict v = ACCEPT_OK;
	struct act a;

	if (run_all(k, &a) != AB_OK)
		v = act_failed(&a, f,
		    "functions marked [source] in abi.h are called inside of a call of that source and on its thread; only those marked [any] elsewhere");
	act_close(&a);
	return v;
}
