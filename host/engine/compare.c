/* compare.c - see compare.h. */
#include "engine/compare.h"

#include <stdio.h>

ab_status
compare_can(const struct dest *d, struct error *e)
{
	if (d->ops->verify != NULL && (d->ops->is_durable == NULL || d->ops->is_durable(d)))
		return AB_OK;
	return error_set(e, AB_ECONFIG,
	    "--verify needs a destination that can be read back, and %s: cannot: leave it out, or write to a file",
	    d->ops->scheme);
}

ab_status
compare_streams(
    struct dest *d, const struct writer_stream *streams, struct sync_report *out, struct error *e)
{
	struct error first = ERROR_INIT;

	for (size_t i = 0; i < out->nstreams; i++) {
		struct sync_stream_report *r = &out->streams[i];
		struct error differs = ERROR_INIT;
		int64_t rows = 0;

		if (r->ended_us == 0 || r->failed || r->stopped || streams[i].handle == NULL)
			continue;
		if (d->ops->verify(streams[i].handle, &rows, &differs) != AB_OK) {
			r->failed = 1;
			snprintf(r->error, sizeof(r->error), "%s", differs.text);
			error_set(&first, differs.status, "%s", differs.text);
		}
		out->verified += rows;
	}
	if (first.status != AB_OK)
		*e = first;
	return first.status;
}
