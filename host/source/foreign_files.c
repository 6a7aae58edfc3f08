/* foreign_files.c - see foreign.h: what the program is told of streams and their states. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "source/foreign.h"

static int
make_catalog(const struct foreign *f, struct buf *out)
{
	buf_adds(out, "{\"streams\":[");
	for (size_t i = 0; i < f->n; i++) {
		buf_adds(out, i == 0 ? "" : ",");
		buf_adds(out, f->streams[i]->configured);
	}
	buf_adds(out, "]}");
	return out->failed ? -1 : 0;
}

/* What is committed of one stream, in one of the three forms. */
struct state {
	struct ab_str own;    /* its stream_state; empty: none */
	struct ab_str global; /* {"number", "shared_state"}, */
	struct ab_str legacy; /* or {"number", "data"} */
	struct buf text;      /* that they point into, where it was a page token */
};

static int
is_null(struct ab_str v)
{
	return v.len == 0 || (v.len == 4 && memcmp(v.ptr, "null", 4) == 0);
}

/* committed: [{"partition": null, "state": S, "token": "S" of a refresh that was broken off, ...}] */
static void
read_state(const struct foreign_stream *s, struct state *out)
{
	struct ab_str one, v = {"", 0};
	size_t at = 0;

	*out = (struct state){0};
	buf_init(&out->text, (size_t)64 << 20);
	if (line_each(foreign_text(s->committed), &at, &one)) {
		v = line_get(one, "token");
		if (is_null(v))
			v = line_get(one, "state");
		else if (line_string(v, &out->text) == 0)
			v = (struct ab_str){buf_str(&out->text), out->text.len};
	}
	if (is_null(v))
		return;
	out->global = line_get(v, "_airbyte_global");
	out->legacy = line_get(v, "_airbyte_legacy");
	out->own = out->global.len > 0 ? line_get(v, "stream_state") : v;
}

static void
add_stream(struct buf *out, const struct foreign_stream *s, struct ab_str state, int *first)
{
	buf_adds(out, *first ? "" : ",");
	*first = 0;
	buf_adds(out, "{\"stream_descriptor\":{\"name\":");
	buf_add_json_string(out, s->name, strlen(s->name));
	if (*s->space != '\0') {
		buf_adds(out, ",\"namespace\":");
		buf_add_json_string(out, s->space, strlen(s->space));
	}
	buf_adds(out, "},\"stream_state\":");
	buf_add(out, state.ptr, state.len);
	buf_addc(out, '}');
}

/* The oldest of the states that were all streams': from there on nothing is missing.  A run may have read only some of the
 * streams, so it is the time that tells; what comes now is newer than all of them. */
static const struct state *
oldest(struct foreign *f, const struct state *states, int legacy)
{
	const struct state *found = NULL;
	int64_t least = 0;

	for (size_t i = 0; i < f->n; i++) {
		struct ab_str v = legacy ? states[i].legacy : states[i].global;
		int64_t number = line_int(line_get(v, "number"), 0);

		f->number = number > f->number ? number : f->number;
		if (v.len == 0 || (found != NULL && number >= least))
			continue;
		found = &states[i];
		least = number;
	}
	return found;
}

static void
add_global(const struct foreign *f, const struct state *states, const struct state *shared,
    struct buf *out)
{
	struct ab_str v = line_get(shared->global, "shared_state");
	int first = 1;

	buf_adds(out, "[{\"type\":\"GLOBAL\",\"global\":{");
	if (!is_null(v)) {
		buf_adds(out, "\"shared_state\":");
		buf_add(out, v.ptr, v.len);
		buf_addc(out, ',');
	}
	buf_adds(out, "\"stream_states\":[");
	for (size_t i = 0; i < f->n; i++)
		if (!is_null(states[i].own))
			add_stream(out, f->streams[i], states[i].own, &first);
	buf_adds(out, "]}}]");
}

static void
add_streams(const struct foreign *f, const struct state *states, struct buf *out)
{
	const char *sep = "";
	int first;

	buf_addc(out, '[');
	for (size_t i = 0; i < f->n; i++) {
		if (is_null(states[i].own))
			continue;
		buf_adds(out, sep);
		sep = ",";
		buf_adds(out, "{\"type\":\"STREAM\",\"stream\":");
		first = 1;
		add_stream(out, f->streams[i], states[i].own, &first);
		buf_addc(out, '}');
	}
	buf_addc(out, ']');
}

static int
make_states(struct foreign *f, struct buf *out)
{
	struct state *states = calloc(f->n + 1, sizeof(*states));
	const struct state *legacy, *global;

	if (states == NULL)
		return -1;
	for (size_t i = 0; i < f->n; i++)
		read_state(f->streams[i], &states[i]);
	legacy = oldest(f, states, 1);
	global = oldest(f, states, 0);
	f->is_shared = legacy != NULL || global != NULL;
	if (legacy != NULL) {
		struct ab_str v = line_get(legacy->legacy, "data");

		buf_add(out, v.ptr, v.len);
	} else if (global != NULL) {
		add_global(f, states, global, out);
	} else {
		add_streams(f, states, out);
	}
	for (size_t i = 0; i < f->n; i++) {
		out->failed |= states[i].text.failed;
		buf_fini(&states[i].text);
	}
	free(states);
	return out->failed ? -1 : 0;
}

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory for what an Airbyte source is told");
}

/* Starts the program for a job; files as the job needs them. */
ab_status
foreign_run(struct foreign *f, enum foreign_job job, struct error *e)
{
	static char check[] = "check", discover[] = "discover", read_[] = "read";
	static char config_is[] = "--config", catalog_is[] = "--catalog", state_is[] = "--state";
	const char *config = NULL, *catalog = NULL, *state = NULL;
	struct buf text;
	char *kept = NULL;
	ab_status rc = foreign_kept(f->secrets, f->config, &kept, e);

	buf_init(&text, (size_t)1 << 30);
	if (rc == AB_OK)
		rc = program_file(
		    &f->program, PROGRAM_CONFIG, kept != NULL ? kept : f->config, &config, e);
	if (rc == AB_OK && job == FOREIGN_READ) {
		rc = make_catalog(f, &text) != 0
		    ? no_memory(e)
		    : program_file(&f->program, PROGRAM_CATALOG, buf_str(&text), &catalog, e);
		buf_reset(&text);
		if (rc == AB_OK && make_states(f, &text) != 0)
			rc = no_memory(e);
		if (rc == AB_OK)
			rc = program_file(&f->program, PROGRAM_STATE, buf_str(&text), &state, e);
	}
	if (rc == AB_OK) {
		char *argv[] = {f->path,
		    job == FOREIGN_CHECK	  ? check
			: job == FOREIGN_DISCOVER ? discover
						  : read_,
		    config_is, (char *)(uintptr_t)config, job == FOREIGN_READ ? catalog_is : NULL,
		    (char *)(uintptr_t)catalog, state_is, (char *)(uintptr_t)state, NULL};

		rc = program_start(&f->program, argv, e);
	} else {
		program_end(&f->program);
	}
	buf_fini(&text);
	if (kept != NULL)
		explicit_bzero(kept, strlen(kept));
	free(kept);
	return rc;
}
