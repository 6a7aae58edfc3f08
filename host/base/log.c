/* log.c - see log.h. */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/redact.h"

#define LINE_MAX_BYTES 4096
#define BEYOND \
	4096 /* what is looked at of a longer one, so that no half of a secret stands at its end */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static log_sink *to;
static void *to_ctx;
static int least_level = AB_INFO;

void
log_to(log_sink *sink, void *ctx)
{
	pthread_mutex_lock(&lock);
	to = sink;
	to_ctx = ctx;
	pthread_mutex_unlock(&lock);
}

void
log_level(int least)
{
	least_level = least;
}

const char *
log_word(int level)
{
	static const char *const words[] = {"debug", "info", "warning", "error"};

	return level < AB_DEBUG || level > AB_ERROR ? "error" : words[level];
}

static void
put(int level, char *line, int is_cut)
{
	size_t len;

	redact_text(line);
	/* half of a secret may stand where it was cut, and secrets before it have become shorter */
	len = strlen(line);
	if (is_cut)
		line[len > BEYOND ? len - BEYOND : 0] = '\0';
	line[LINE_MAX_BYTES - 1] = '\0';
	for (char *p = line; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	pthread_mutex_lock(&lock);
	if (to != NULL)
		to(to_ctx, level, line);
	else
		fprintf(stderr, "abhost: %s: %s\n", log_word(level), line);
	pthread_mutex_unlock(&lock);
}

void
log_line(int level, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES + BEYOND];
	va_list ap;
	int len;

	if (level < least_level)
		return;
	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	put(level, line, len >= (int)sizeof(line));
}

void
log_text(int level, const char *who, const char *text)
{
	log_line(level, "%s: %s", who, text);
}
