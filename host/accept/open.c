/* open.c - family check: opening, and what check() says of good, refused and unreachable. */
#include "accept/act.h"
#include "accept/checks.h"

enum accept_verdict
check_open(struct kit *k, struct finding *f)
{
	const struct act_options o = {0};
	enum accept_verdict v = ACCEPT_OK;
	struct act a;

	if (act_open(&a, k, &o) != AB_OK)
		v = finding_fail(f,
		    "it loads, its symbols are found, and open() returns AB_OK without a request",
		    "%s", a.error.text);
	else if (a.requests > 0)
		v = finding_fail(f, "open() makes no request: it is called for each lane",
		    "%llu of them", (unsigned long long)a.requests);
	act_close(&a);
	return v;
}

enum accept_verdict
check_good(struct kit *k, struct finding *f)
{
	const struct act_options o = {0};
	enum accept_verdict v = ACCEPT_OK;
	struct act a;

	if (act_open(&a, k, &o) != AB_OK || act_check(&a) != AB_OK)
		v = act_failed(&a, f, "check() returns AB_OK with the configuration that is given");
	act_close(&a);
	return v;
}

/* check(), where every request ends in the same way; it must fail with this class. */
static enum accept_verdict
try_bent(struct kit *k, struct finding *f, const char *bend, ab_status wanted, const char *expected)
{
	const struct act_options o = {.bend = bend};
	enum accept_verdict v = ACCEPT_OK;
	struct act a;
	ab_status rc = act_open(&a, k, &o);

	if (rc == AB_OK)
		rc = act_check(&a);
	if (rc == wanted)
		v = ACCEPT_OK;
	else if (rc != AB_OK)
		v = finding_fail(f, expected, "class %s: %s", error_word(rc), a.error.text);
	else if (a.requests > 0)
		v = finding_fail(f, expected, "check() returned AB_OK after %llu such answers",
		    (unsigned long long)a.requests);
	else if (*k->fixtures != '\0')
		v = finding_fail(f, expected, "check() returned AB_OK without a request");
	else
		v = finding_skip(f, "check() makes no request");
	act_close(&a);
	return v;
}

enum accept_verdict
check_credential(struct kit *k, struct finding *f)
{
	return try_bent(k, f, "401", AB_ECONFIG,
	    "class config where the API answers every request with 401: pass on what http() returns");
}

enum accept_verdict
check_unreachable(struct kit *k, struct finding *f)
{
	return try_bent(k, f, "unreachable", AB_ETRANSIENT,
	    "class transient where no host can be reached: pass on what http() returns");
}
