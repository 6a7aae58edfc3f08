/* Faults by script and by storm.  The same seed and the same requests give the same storm. */
#include "fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {
    [FAULT_NONE] = "none",
    [FAULT_STATUS] = "status",
    [FAULT_RESET] = "reset",
    [FAULT_TRUNCATE] = "truncate",
    [FAULT_CLOSE] = "close",
    [FAULT_HANG] = "hang",
    [FAULT_DRIP] = "drip",
    [FAULT_CHUNKED] = "chunked",
    [FAULT_GZIP_CUT] = "gzip-cut",
    [FAULT_GZIP_LIE] = "gzip-lie",
    [FAULT_GZIP_MUTE] = "gzip-mute",
    [FAULT_LONG] = "long",
    [FAULT_ENDLESS] = "endless",
    [FAULT_BOMB] = "bomb",
    [FAULT_JSON_CUT] = "json-cut",
    [FAULT_HTML] = "html",
    [FAULT_TEXT] = "text",
    [FAULT_WRONG_TYPES] = "wrong-types",
    [FAULT_REPEAT_CURSOR] = "repeat-cursor",
    [FAULT_EMPTY] = "empty",
    [FAULT_HUGE] = "huge",
    [FAULT_DUPLICATES] = "duplicates",
    [FAULT_REDIRECT] = "redirect",
    [FAULT_STALE] = "stale",
};

#define KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

const char *
fault_name(enum fault_kind kind)
{
	return kinds[kind];
}

void
fault_plan_init(struct fault_plan *p, unsigned storm_percent, uint64_t seed)
{
	memset(p, 0, sizeof(*p));
	pthread_mutex_init(&p->lock, NULL);
	p->storm_percent = storm_percent;
	p->storm_random = seed * 2 + 1;
}

void
fault_plan_clear(struct fault_plan *p)
{
	pthread_mutex_lock(&p->lock);
	for (int i = 0; i < p->count; i++) {
		free(p->faults[i].text);
		free(p->faults[i].path);
	}
	free(p->faults);
	p->faults = NULL;
	p->count = 0;
	pthread_mutex_unlock(&p->lock);
}

void
fault_plan_fini(struct fault_plan *p)
{
	fault_plan_clear(p);
	pthread_mutex_destroy(&p->lock);
}

static int
fault_kind_named(const char *name, size_t len)
{
	for (int i = 1; i < KINDS; i++)
		if (strlen(kinds[i]) == len && memcmp(kinds[i], name, len) == 0)
			return i;
	return -1;
}

static int
parse_condition(struct fault *f, const char *key, const char *value)
{
	long n = value == NULL ? 0 : strtol(value, NULL, 10);

	if (strcmp(key, "cursor") == 0)
		f->with_cursor = 1;
	else if (value == NULL)
		return -1;
	else if (strcmp(key, "nth") == 0)
		f->nth = n;
	else if (strcmp(key, "every") == 0)
		f->every = n;
	else if (strcmp(key, "after") == 0)
		f->after = n;
	else if (strcmp(key, "times") == 0)
		f->times = n;
	else if (strcmp(key, "path") == 0)
		return (f->path = strdup(value)) == NULL ? -1 : 0;
	else if (strcmp(key, "retry-after") == 0) {
		f->retry_as_date = strncmp(value, "date:", 5) == 0;
		f->retry_after = strtol(f->retry_as_date ? value + 5 : value, NULL, 10);
	} else
		return -1;
	return 0;
}

static int
parse_conditions(struct fault *f, char *rest, char why[128])
{
	char *save = NULL;

	for (char *c = strtok_r(rest, ",", &save); c != NULL; c = strtok_r(NULL, ",", &save)) {
		char *value = strchr(c, '=');

		if (value != NULL)
			*value++ = '\0';
		if (parse_condition(f, c, value) == -1) {
			snprintf(why, 128, "unknown condition: %s", c);
			return -1;
		}
	}
	return 0;
}

static int
parse_fault(struct fault *f, char *line, char why[128])
{
	size_t len = strcspn(line, "=,");
	int kind = fault_kind_named(line, len);
	char *rest = line + len;

	memset(f, 0, sizeof(*f));
	f->retry_after = -1;
	f->number = -1;
	if (kind == -1) {
		snprintf(why, 128, "unknown fault: %.*s", (int)(len < 60 ? len : 60), line);
		return -1;
	}
	f->kind = (enum fault_kind)kind;
	if (*rest == '=') {
		char *end = kind == FAULT_TEXT ? strchr(rest, '\0') : rest + strcspn(rest, ",");

		f->text = strndup(rest + 1, (size_t)(end - rest - 1));
		if (f->text == NULL)
			return -1;
		if (*f->text >= '0' && *f->text <= '9')
			f->number = strtol(f->text, NULL, 10);
		rest = end;
	}
	return *rest == '\0' ? 0 : parse_conditions(f, rest + 1, why);
}

int
fault_plan_add(struct fault_plan *p, const char *line, char why[128])
{
	struct fault f, *faults;
	char *copy = strdup(line);
	int rc = -1;

	snprintf(why, 128, "out of memory");
	if (copy == NULL)
		return -1;
	if (parse_fault(&f, copy, why) == -1) {
		free(f.text);
		free(f.path);
		goto out;
	}
	pthread_mutex_lock(&p->lock);
	faults = realloc(p->faults, (size_t)(p->count + 1) * sizeof(*faults));
	if (faults != NULL) {
		p->faults = faults;
		p->faults[p->count++] = f;
		rc = 0;
	}
	pthread_mutex_unlock(&p->lock);
out:
	free(copy);
	return rc;
}

static int
fault_fits(struct fault *f, const char *path, int has_cursor)
{
	if (f->path != NULL && strstr(path, f->path) == NULL)
		return 0;
	if ((f->with_cursor || f->kind == FAULT_STALE) && !has_cursor)
		return 0;
	f->seen++;
	if (f->nth != 0 && f->seen != f->nth)
		return 0;
	if (f->every != 0 && f->seen % f->every != 0)
		return 0;
	if (f->seen <= f->after || (f->times != 0 && f->fired >= f->times))
		return 0;
	f->fired++;
	return 1;
}

static uint64_t
storm_next(struct fault_plan *p)
{
	p->storm_random ^= p->storm_random << 13;
	p->storm_random ^= p->storm_random >> 7;
	p->storm_random ^= p->storm_random << 17;
	return p->storm_random * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

static struct fault
storm_pick(struct fault_plan *p)
{
	static const struct fault choices[] = {
	    {.kind = FAULT_STATUS, .number = 500, .retry_after = -1},
	    {.kind = FAULT_STATUS, .number = 502, .retry_after = -1},
	    {.kind = FAULT_STATUS, .number = 503, .retry_after = 0},
	    {.kind = FAULT_STATUS, .number = 429, .retry_after = 0},
	    {.kind = FAULT_STATUS, .number = 408, .retry_after = -1},
	    {.kind = FAULT_RESET, .number = 0},
	    {.kind = FAULT_RESET, .number = -1},
	    {.kind = FAULT_TRUNCATE, .number = -1},
	    {.kind = FAULT_CLOSE},
	    {.kind = FAULT_DRIP, .number = 2},
	    {.kind = FAULT_CHUNKED},
	    {.kind = FAULT_GZIP_CUT},
	};
	struct fault none = {.kind = FAULT_NONE};

	if (p->storm_percent == 0 || storm_next(p) % 100 >= p->storm_percent ||
	    p->storm_in_a_row == 2) {
		p->storm_in_a_row = 0;
		return none;
	}
	p->storm_in_a_row++;
	return choices[storm_next(p) % (sizeof(choices) / sizeof(choices[0]))];
}

struct fault
fault_plan_pick(struct fault_plan *p, const char *path, int has_cursor)
{
	struct fault f = {.kind = FAULT_NONE};

	pthread_mutex_lock(&p->lock);
	for (int i = 0; i < p->count && f.kind == FAULT_NONE; i++)
		if (fault_fits(&p->faults[i], path, has_cursor))
			f = p->faults[i];
	if (f.kind == FAULT_NONE)
		f = storm_pick(p);
	pthread_mutex_unlock(&p->lock);
	return f;
}
