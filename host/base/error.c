/* error.c - see error.h; must never allocate, so that it works when memory has run out. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void
mark_cut(struct error *e, int needed)
{
	if (needed >= (int)sizeof(e->text))
		memcpy(e->text + sizeof(e->text) - 4, "...", 4);
}

ab_status
error_set(struct error *e, ab_status status, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL || e->status != AB_OK)
		return status;
	e->status = status;
	va_start(ap, fmt);
	mark_cut(e, vsnprintf(e->text, sizeof(e->text), fmt, ap));
	va_end(ap);
	return status;
}

ab_status
error_wrap(struct error *e, const char *fmt, ...)
{
	char context[512], old[sizeof(e->text)];
	va_list ap;

	memcpy(old, e->text, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	mark_cut(e, snprintf(e->text, sizeof(e->text), "%s: %s", context, old));
	return e->status;
}

const char *
error_word(ab_status status)
{
	switch (status) {
	case AB_OK:
		return "ok";
	case AB_ECONFIG:
		return "config";
	case AB_ETRANSIENT:
		return "transient";
	case AB_EDATA:
		return "data";
	case AB_EUNSUPPORTED:
		return "unsupported";
	case AB_ECANCELLED:
		return "cancelled";
	case AB_ENOMEM:
		return "out of memory";
	case AB_ESTALE:
		return "stale page token";
	default:
		return "bug";
	}
}

int
error_must_change(ab_status status)
{
	return status == AB_ECONFIG || status == AB_EUNSUPPORTED;
}

void
error_clear(struct error *e)
{
	e->status = AB_OK;
	e->text[0] = '\0';
}
