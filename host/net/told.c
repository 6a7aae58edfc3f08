/* told.c - see told.h. */
#include "net/told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "net/lookup.h"
#include "net/when.h"

/* How servers spell it; the first row of which an answer has a header counts.  Headers that say how long come
 * before those of the same family that say when. */
static const struct family {
	const char *remaining, *reset, *limit;
	enum told_unit unit;
} families[] = {
    {"X-RateLimit-Remaining", "X-RateLimit-Reset-After", "X-RateLimit-Limit", TOLD_SECONDS},
    {"X-RateLimit-Remaining", "X-RateLimit-Reset", "X-RateLimit-Limit", TOLD_AUTO},
    {"RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Limit", TOLD_AUTO},
    {"X-Rate-Limit-Remaining", "X-Rate-Limit-Reset", "X-Rate-Limit-Limit", TOLD_AUTO},
    {"X-RateLimit-Remaining-Requests", "X-RateLimit-Reset-Requests", "X-RateLimit-Limit-Requests",
	TOLD_AUTO},
    {"Anthropic-RateLimit-Requests-Remaining", "Anthropic-RateLimit-Requests-Reset",
	"Anthropic-RateLimit-Requests-Limit", TOLD_AUTO},
    {"X-HubSpot-RateLimit-Remaining", "X-HubSpot-RateLimit-Interval-Milliseconds",
	"X-HubSpot-RateLimit-Max", TOLD_MS},
};

static const struct {
	const char *name;
	enum told_unit unit;
} after[] = {
    {"Retry-After-Ms", TOLD_MS}, {"X-Ms-Retry-After-Ms", TOLD_MS}, {"Retry-After", TOLD_SECONDS}};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

int64_t
told_wait_ms(const char *text, enum told_unit unit, int64_t now_us)
{
	int64_t at;

	text += strspn(text, " \t");
	if (unit == TOLD_MS)
		return when_number(text, 1);
	if (unit == TOLD_SECONDS)
		at = when_number(text, 1000);
	else
		at = when_duration(text);
	if (at >= 0)
		return at;
	if (when_moment(text, unit == TOLD_AUTO, &at) != 0)
		return -1;
	return at <= now_us ? 0 : (at - now_us + 999) / 1000;
}

static void
note(char to[64], const char *name)
{
	snprintf(to, 64, "%s", name);
}

/* A count: the number that the value begins with. */
static int64_t
read_count(const struct headers *h, const char *name)
{
	const char *text = name == NULL ? NULL : headers_get(h, name);
	char *end;
	long long n;

	if (text == NULL || *text < '0' || *text > '9')
		return -1;
	n = strtoll(text, &end, 10);
	return strchr(",; .", *end) != NULL ? n : -1;
}

static void
read_reset(const struct headers *h, const char *name, enum told_unit unit, int64_t now_us,
    struct told *out)
{
	const char *text = name == NULL ? NULL : headers_get(h, name);

	if (text == NULL)
		return;
	out->reset_ms = told_wait_ms(text, unit, now_us);
	note(out->reset_from, name);
}

static void
read_families(const struct headers *h, int64_t now_us, struct told *out)
{
	for (size_t i = 0; i < COUNT(families) && out->reset_ms < 0; i++) {
		const struct family *f = &families[i];

		if (headers_get(h, f->reset) == NULL)
			continue;
		out->remaining = read_count(h, f->remaining);
		out->limit = read_count(h, f->limit);
		read_reset(h, f->reset, f->unit, now_us, out);
	}
}

/* RateLimit, in the forms of the drafts: "limit=100, remaining=9, reset=5" (to 07), "default";r=9;t=5, one for each policy
 * (since).  Of several the one that lets go latest among those that are used up counts, else the one nearest to that. */
struct policy {
	int64_t remaining, reset_ms, limit;
};

static void
set_parameter(struct policy *p, const char *key, size_t n, const char *value)
{
	static const struct {
		const char *key;
		int what;
	} known[] = {{"r", 0}, {"remaining", 0}, {"t", 1}, {"reset", 1}, {"limit", 2}, {"q", 2}};
	int64_t number = when_number_before(value, ",; \t", 1);

	for (size_t i = 0; number >= 0 && i < COUNT(known); i++) {
		if (strlen(known[i].key) != n || strncasecmp(known[i].key, key, n) != 0)
			continue;
		if (known[i].what == 0)
			p->remaining = number;
		else if (known[i].what == 1)
			p->reset_ms = number > INT64_MAX / 1000 ? INT64_MAX : number * 1000;
		else
			p->limit = number;
	}
}

static int
is_tighter(const struct policy *a, const struct policy *b)
{
	if (a->remaining == 0 && b->remaining == 0)
		return a->reset_ms > b->reset_ms;
	return b->remaining < 0 || (a->remaining >= 0 && a->remaining < b->remaining);
}

/* Behind a string in quotes. */
static const char *
skip_string(const char *p)
{
	for (p++; *p != '\0' && *p != '"'; p++)
		p += p[0] == '\\' && p[1] != '\0';
	return p + (*p == '"');
}

static struct policy
read_policies(const char *p)
{
	struct policy best = {-1, -1, -1}, one = best;
	size_t n;

	while (*p != '\0') {
		p += strspn(p, " \t;");
		n = strcspn(p, "=,;\" \t");
		if (*p == '"') {
			p = skip_string(p);
		} else if (p[n] == '=') {
			set_parameter(&one, p, n, p + n + 1);
			p += n + 1;
			p = *p == '"' ? skip_string(p) : p + strcspn(p, ",; \t");
		} else {
			p += n;
		}
		p += strspn(p, " \t");
		/* In the older form a comma stands between the parts of one policy. */
		if ((*p == ',' || *p == '\0') && one.remaining >= 0 && one.reset_ms >= 0) {
			best = is_tighter(&one, &best) ? one : best;
			one = (struct policy){-1, -1, -1};
		}
		p += *p == ',';
	}
	return best;
}

static void
read_structured(const struct headers *h, struct told *out)
{
	const char *text = headers_get(h, "RateLimit"), *quota = headers_get(h, "RateLimit-Policy");
	struct policy p;

	if (text == NULL)
		return;
	p = read_policies(text);
	out->remaining = p.remaining;
	out->reset_ms = p.reset_ms;
	out->limit = p.limit;
	if (p.limit < 0 && quota != NULL && strchr(quota, ',') == NULL &&
	    (quota = strstr(quota, ";q=")) != NULL)
		out->limit = when_number_before(quota + 3, ",; \t", 1);
	note(out->reset_from, "RateLimit");
}

static void
read_after(const struct headers *h, int64_t now_us, struct told *out)
{
	const char *text;

	for (size_t i = 0; i < COUNT(after) && out->wait_ms < 0; i++) {
		text = headers_get(h, after[i].name);
		if (text == NULL)
			continue;
		out->wait_ms = told_wait_ms(text, after[i].unit, now_us);
		note(out->wait_from, after[i].name);
	}
}

/* A described header may hold words around its number: "in 30 seconds". */
static int64_t
find_wait(const char *text, enum told_unit unit, int64_t now_us)
{
	int64_t ms = told_wait_ms(text, unit, now_us);
	const char *digit = strpbrk(text, "0123456789");

	if (ms >= 0 || digit == NULL || (digit > text && digit[-1] == '-'))
		return ms;
	return when_number_before(digit, NULL, unit == TOLD_MS ? 1 : 1000);
}

static void
read_body(const struct told_rule *rule, struct ab_str body, int64_t now_us, struct told *out)
{
	json_t *value = lookup_value(body, rule->body);
	char text[64];

	if (json_is_string(value))
		out->wait_ms = find_wait(json_string_value(value), rule->unit, now_us);
	if (json_is_number(value)) {
		snprintf(text, sizeof(text), "%.3f", json_number_value(value));
		out->wait_ms = told_wait_ms(text, rule->unit, now_us);
	}
	if (out->wait_ms >= 0)
		note(out->wait_from, rule->body);
	json_decref(value);
}

static void
read_rule(const struct headers *h, struct ab_str body, const struct told_rule *rule, int64_t now_us,
    struct told *out)
{
	const char *text = rule->header == NULL ? NULL : headers_get(h, rule->header);

	if (text != NULL) {
		out->wait_ms = find_wait(text, rule->unit, now_us);
		note(out->wait_from, rule->header);
	}
	if (rule->body != NULL && out->wait_ms < 0)
		read_body(rule, body, now_us, out);
	if (rule->remaining != NULL && headers_get(h, rule->remaining) != NULL)
		out->remaining = read_count(h, rule->remaining);
	read_reset(h, rule->reset, TOLD_AUTO, now_us, out);
}

void
told_read(const struct headers *h, struct ab_str body, const struct told_rule *rule, int64_t now_us,
    struct told *out)
{
	const char *date = headers_get(h, "Date");
	int64_t theirs;

	*out = (struct told)TOLD_NOTHING;
	/* Both clocks are the server's where it sends its own. */
	if (date != NULL && when_moment(date, 0, &theirs) == 0)
		now_us = theirs;
	if (rule != NULL)
		read_rule(h, body, rule, now_us, out);
	read_after(h, now_us, out);
	if (out->reset_ms < 0 && out->remaining < 0)
		read_families(h, now_us, out);
	if (out->reset_ms < 0 && out->remaining < 0)
		read_structured(h, out);
}

void
told_rule_fini(struct told_rule *rule)
{
	free(rule->header);
	free(rule->body);
	free(rule->remaining);
	free(rule->reset);
	*rule = (struct told_rule){0};
}
