/* accept.c - see accept.h: runs the table of checks. */
#include "accept/accept.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "accept/act.h"
#include "accept/checks.h"

static volatile sig_atomic_t stopped_by;

static void
on_signal(int sig)
{
	stopped_by = sig;
}

void
accept_catch(struct accept_signals *old)
{
	struct sigaction sa = {.sa_handler = on_signal};

	stopped_by = 0;
	sigemptyset(&sa.sa_mask);
	sigaction(SIGINT, &sa, &old->action[0]);
	sigaction(SIGTERM, &sa, &old->action[1]);
	sigaction(SIGHUP, &sa, &old->action[2]);
}

void
accept_release(const struct accept_signals *old)
{
	sigaction(SIGINT, &old->action[0], NULL);
	sigaction(SIGTERM, &old->action[1], NULL);
	sigaction(SIGHUP, &old->action[2], NULL);
}

int
accept_stopped(void)
{
	return stopped_by == SIGHUP ? SIGTERM : stopped_by;
}

unsigned
accept_count(void)
{
	return checks_count;
}

/* What came of a check: the verdict, and for those that depend on it, who failed. */
struct outcome {
	enum accept_verdict verdict;
	const char *culprit; /* its own name, or that of the one that it waited for; NULL: nobody */
};

static const char *
culprit_of(const struct check *c, const struct outcome *outcomes)
{
	for (unsigned a = 0; a < CHECKS_AFTER && c->after[a] != NULL; a++)
		for (unsigned i = 0; &checks[i] < c; i++)
			if (strcmp(checks[i].name, c->after[a]) == 0 && outcomes[i].culprit != NULL)
				return outcomes[i].culprit;
	return NULL;
}

static void
run_check(struct kit *k, unsigned i, struct outcome *outcomes, struct accept_counts *counts)
{
	const struct check *c = &checks[i];
	struct outcome *out = &outcomes[i];
	struct finding f;
	struct accept_result r = {
	    i + 1, c->family, c->name, c->title, c->why, ACCEPT_OK, "", "", "", ""};

	finding_init(&f);
	out->culprit = culprit_of(c, outcomes);
	if (out->culprit != NULL)
		out->verdict = finding_skip(&f, "%s failed", out->culprit);
	else
		out->verdict = c->run(k, &f);
	if (out->verdict == ACCEPT_FAILED)
		out->culprit = c->name;
	r.verdict = out->verdict;
	r.expected = buf_str(&f.expected);
	r.seen = buf_str(&f.seen);
	r.reason = buf_str(&f.reason);
	r.note = buf_str(&f.note);
	counts->ok += r.verdict == ACCEPT_OK;
	counts->failed += r.verdict == ACCEPT_FAILED;
	counts->skipped += r.verdict == ACCEPT_SKIPPED;
	if (!accept_stopped() && k->unknown.status == AB_OK)
		k->o->each(k->o->ctx, &r);
	finding_fini(&f);
}

ab_status
accept_run(const struct accept_options *o, struct accept_counts *counts, struct error *e)
{
	struct outcome *outcomes = calloc(checks_count, sizeof(*outcomes));
	struct accept_signals old;
	struct kit k;
	ab_status rc;

	memset(counts, 0, sizeof(*counts));
	accept_catch(&old);
	rc = kit_init(&k, o, e);
	if (outcomes == NULL)
		rc = error_set(e, AB_ENOMEM, "no memory");
	for (unsigned i = 0; rc == AB_OK && i < checks_count; i++) {
		run_check(&k, i, outcomes, counts);
		if ((counts->signal = accept_stopped()) != 0)
			rc = error_set(e, AB_ECANCELLED, "stopped by a signal");
		else if (k.unknown.status != AB_OK)
			rc = error_set(e, k.unknown.status, "%s", k.unknown.text);
	}
	kit_fini(&k);
	accept_release(&old);
	free(outcomes);
	return rc;
}
