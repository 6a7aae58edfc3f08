/* obituary.c - how a worker ended, as one sentence; and the watchdog that ends one.
 *
 * The breadcrumb is the worker's own word: it makes sentences and stops hung calls, nothing depends on it. */
#include "config.h"

#include "source/native.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "worker/crumb.h"
#include "worker/guard.h"

static const char safe[] = "; what was committed before is safe";

static void
bury(struct native *s)
{
	s->dead = 1;
	spawn_end(&s->child);
}

/* "read_page of stream events, page 12" */
static void
where(const struct chan_crumb *c, char *out, size_t size)
{
	char raw[320];

	crumb_where(c, raw, sizeof(raw));
	utf8_copy(out, size, raw);
}

/* When the lane's function was entered, or has returned. */
static int64_t
last_us(const struct chan_crumb *c)
{
	return c->call_us != 0 ? c->call_us : c->left_us;
}

/* The lane that the worker's last note names; else one that is in a call of the connector, and *more is how many others
 * are; else the one that was in one last.  0: none has ever been. */
static int
find_lane(const struct native *s, struct chan_crumb *out, int *more)
{
	uint32_t noted = chan_crashed(&s->chan);
	struct chan_crumb c;
	int found = 0;

	*more = 0;
	if (noted != 0 && chan_crumb_read(&s->chan, noted - 1, out) == 0 &&
	    out->function[0] != '\0')
		return 1;
	for (uint32_t i = 0; i < s->chan.lanes; i++) {
		if (chan_crumb_read(&s->chan, i, &c) != 0 || c.function[0] == '\0')
			continue;
		if (found && c.call_us != 0 && out->call_us != 0)
			++*more;
		if (!found || (c.call_us != 0) > (out->call_us != 0) ||
		    ((c.call_us != 0) == (out->call_us != 0) && last_us(&c) > last_us(out)))
			*out = c;
		found = 1;
	}
	return found;
}

/* " in read_page of stream events, page 12", " while it was loaded", or "". */
static void
find_place(struct native *s, char *out, size_t size)
{
	struct chan_crumb c;
	char text[320], others[48] = "";
	int more;

	out[0] = '\0';
	if (!find_lane(s, &c, &more))
		return;
	if (more == 0 && c.call_us != 0)
		utf8_copy(s->guilty, sizeof(s->guilty), c.stream);
	where(&c, text, sizeof(text));
	if (more > 0)
		snprintf(others, sizeof(others), ", or in one of %d more calls", more);
	if (strcmp(c.function, "load") == 0)
		snprintf(out, size, " while it was loaded");
	else
		snprintf(out, size, " %s %s%s", c.call_us != 0 ? "in" : "after", text, others);
}

void
obituary_died(struct native *s, const siginfo_t *info)
{
	const char *name = sigabbrev_np(info->si_status);
	char how[64], place[384], misuse[GUARD_PHRASE];

	find_place(s, place, sizeof(place));
	chan_misuse(&s->chan, misuse, sizeof(misuse));
	if (info->si_code == CLD_EXITED)
		snprintf(how, sizeof(how), "called exit(%d)", info->si_status);
	else if (info->si_status == SIGKILL)
		snprintf(how, sizeof(how), "died of SIGKILL (sent by somebody, or memory ran out)");
	else if (name != NULL)
		snprintf(how, sizeof(how), "died of SIG%s", name);
	else
		snprintf(how, sizeof(how), "died of signal %d", info->si_status);
	error_set(&s->error, AB_EBUG, "%s %s%s%s%s%s", s->who, how, place,
	    misuse[0] == '\0' ? "" : ": ", misuse, safe);
	bury(s);
}

void
obituary_silent(struct native *s)
{
	char place[384];

	find_place(s, place, sizeof(place));
	error_set(&s->error, AB_EBUG, "%s closed its channel to abhost%s, and was stopped%s",
	    s->who, place, safe);
	bury(s);
}

void
obituary_rubbish(struct native *s, const char *what)
{
	char place[384];

	find_place(s, place, sizeof(place));
	error_set(&s->error, AB_EBUG, "%s was stopped%s: %s%s", s->who, place, what, safe);
	bury(s);
}

/* Is the function that runs there over its time? */
static int
is_late(const struct native *s, const struct chan_crumb *c, int64_t now_us)
{
	int64_t used = now_us - c->call_us;

	if (c->call_us <= 0 || c->call_us > now_us || c->in_host)
		return 0;
	if (c->host_us >= 0 && c->host_us <= used)
		used -= c->host_us;
	return used >= (int64_t)s->timeout_s * 1000000;
}

static void
stop_late(struct native *s, const char *what)
{
	error_set(&s->error, AB_EBUG,
	    "%s was stopped: %s%s did not return within %d s (ABHOST_CALL_TIMEOUT)%s", s->who, what,
	    strchr(what, ',') != NULL ? "," : "", s->timeout_s, safe);
	bury(s);
}

void
obituary_watch(struct native *s, int64_t now_us)
{
	int64_t step = (int64_t)s->timeout_s * 250000, heard_us = s->active_us;
	struct chan_crumb c;
	char text[320];
	int calls = 0;

	if (now_us < s->watch_us)
		return;
	s->watch_us = now_us + (step < 1000000 ? step : 1000000);
	for (uint32_t i = 0; i < s->chan.lanes; i++) {
		if (chan_crumb_read(&s->chan, i, &c) != 0) {
			calls++; /* it moves */
		} else if (is_late(s, &c, now_us)) {
			where(&c, text, sizeof(text));
			stop_late(s, text);
			return;
		}
		calls += (c.call_us > 0 && c.call_us <= now_us) || c.in_host;
		if (c.left_us > heard_us && c.left_us <= now_us)
			heard_us = c.left_us; /* it is on its way to the next one, or to say so */
	}
	/* Where no function runs, something must come from time to time. */
	if (calls == 0 && now_us - heard_us >= (int64_t)s->timeout_s * 1000000)
		stop_late(s, "its worker");
}
