/* state_import.c - see state_edit.h: what others call state, told apart by streams. */
#include <string.h>

#include "data/scan.h"
#include "data/view.h"
#include "engine/state_edit.h"

#define VIEWS_MAX ((size_t)256 << 20)

struct importing {
	state_import_each *each;
	state_import_knows *knows;
	void *ctx;
	size_t n; /* messages */
};

static const struct ab_json *
member(const struct ab_json *object, const char *snake, const char *camel)
{
	const struct ab_json *v = view_type(object) == AB_OBJECT ? view_get(object, snake) : NULL;

	if (view_type(v) == AB_NULL && view_type(object) == AB_OBJECT)
		v = view_get(object, camel);
	return view_type(v) == AB_NULL ? NULL : v;
}

/* What Airbyte's sources say of a stream that has none. */
static int
is_no_state(const struct ab_json *state)
{
	return state == NULL ||
	    (view_type(state) == AB_OBJECT &&
		(view_get(state, "__ab_no_cursor_state_message") != NULL ||
		    view_get(state, "__ab_full_refresh_sync_complete") != NULL));
}

/* {"stream_descriptor": {"name", "namespace"}, "stream_state": {...}} */
static ab_status
import_stream(struct importing *im, const struct ab_json *stream, struct error *e)
{
	const struct ab_json *who = member(stream, "stream_descriptor", "streamDescriptor");
	const struct ab_json *state = member(stream, "stream_state", "streamState");
	const struct ab_json *name = member(who, "name", "name");
	const struct ab_json *ns = member(who, "namespace", "namespace");
	struct ab_str json = {NULL, 0};

	if (view_type(name) != AB_STRING || view_str(name).len == 0 ||
	    (ns != NULL && view_type(ns) != AB_STRING))
		return error_set(e, AB_ECONFIG,
		    "the state of a stream must say whose it is: {\"stream_descriptor\": {\"name\": ...}, \"stream_state\": "
		    "{...}}");
	if (!is_no_state(state))
		json = view_text(state);
	return im->each(
	    im->ctx, view_str(name).ptr, ns == NULL ? "" : view_str(ns).ptr, json.ptr, json.len, e);
}

static ab_status
import_list(struct importing *im, const struct ab_json *list, struct error *e)
{
	for (size_t i = 0; view_type(list) == AB_ARRAY && i < view_len(list); i++)
		if (import_stream(im, view_at(list, i), e) != AB_OK)
			return e->status;
	return AB_OK;
}

static ab_status
import_global(struct importing *im, const struct ab_json *global, struct error *e)
{
	const struct ab_json *shared = member(global, "shared_state", "sharedState");

	if (shared != NULL && (view_type(shared) != AB_OBJECT || view_len(shared) > 0))
		return error_set(e, AB_ECONFIG,
		    "it is a GLOBAL state with a part that all streams share (shared_state); abhost keeps one state for each "
		    "stream, and cannot tell which of it is whose");
	return import_list(im, member(global, "stream_states", "streamStates"), e);
}

/* {"<stream>": {...}, ...}: where each member is the state of one stream.  A state of a single one, {"updated_at": ...}, does not
 * say whose it is. */
static ab_status
import_legacy(struct importing *im, const struct ab_json *data, struct error *e)
{
	size_t n = view_type(data) == AB_OBJECT ? view_len(data) : 0;
	int is_map = n > 0;

	for (size_t i = 0; i < n && is_map; i++)
		is_map = view_type(view_get(data, view_key(data, i).ptr)) == AB_OBJECT &&
		    view_key(data, i).len > 0;
	if (!is_map)
		return error_set(e, AB_ECONFIG,
		    "it is not Airbyte's state for each stream: expected [{\"type\": \"STREAM\", \"stream\": "
		    "{\"stream_descriptor\": {\"name\": ...}, \"stream_state\": {...}}}, ...]; a LEGACY state must have an "
		    "object for each stream, {\"<stream>\": {...}, ...}, or it does not say which stream it is of");
	for (size_t i = 0; i < n && e->status == AB_OK; i++) {
		const char *name = view_key(data, i).ptr;
		const struct ab_json *state = view_get(data, name);
		struct ab_str json =
		    is_no_state(state) ? (struct ab_str){NULL, 0} : view_text(state);

		if (im->knows != NULL && !im->knows(im->ctx, name))
			return error_set(e, AB_ECONFIG,
			    "it is a LEGACY state, and has something for \"%.200s\", which is no stream that is "
			    "known here",
			    name);
		im->each(im->ctx, name, "", json.ptr, json.len, e);
	}
	return e->status;
}

/* A message, with or without its envelope; or the answer of Airbyte's API. */
static ab_status
import_one(struct importing *im, const struct ab_json *v, struct error *e)
{
	const struct ab_json *inner = member(v, "state", "state");
	const struct ab_json *global, *stream, *list, *data;

	if (view_type(inner) == AB_OBJECT)
		v = inner;
	global = member(v, "global", "globalState");
	stream = member(v, "stream", "stream");
	list = member(v, "stream_state", "streamState");
	data = member(v, "data", "data");
	if (global == NULL)
		global = member(v, "global_", "global_"); /* as PyAirbyte writes it */
	im->n++;
	if (view_type(global) == AB_OBJECT)
		return import_global(im, global, e);
	if (view_type(stream) == AB_OBJECT)
		return import_stream(im, stream, e);
	if (view_type(list) == AB_ARRAY)
		return import_list(im, list, e);
	if (member(v, "stream_descriptor", "streamDescriptor") != NULL)
		return import_stream(im, v, e);
	return import_legacy(im, view_type(data) == AB_OBJECT ? data : v, e);
}

static ab_status
check_text(const char *text, size_t len, struct error *e)
{
	size_t used;

	for (;;) {
		while (len > 0 && strchr(" \t\r\n", *text) != NULL) {
			text++;
			len--;
		}
		if (len == 0)
			return AB_OK;
		if (scan_value(text, len, &used, e) != AB_OK) {
			e->status = AB_ECONFIG;
			return error_wrap(e, "it is not JSON");
		}
		text += used;
		len -= used;
	}
}

ab_status
state_import(const char *text, size_t len, state_import_each *each, state_import_knows *knows,
    void *ctx, struct error *e)
{
	struct importing im = {.each = each, .knows = knows, .ctx = ctx};
	struct ab_str rest = {text, len};
	const struct ab_json *v;
	struct view_root root;

	if (check_text(text, len, e) != AB_OK)
		return e->status;
	view_root_init(&root, VIEWS_MAX);
	while (e->status == AB_OK && (v = view_next(&root, &rest, "the state")) != NULL) {
		if (view_type(v) != AB_ARRAY)
			import_one(&im, v, e);
		for (size_t i = 0; view_type(v) == AB_ARRAY && i < view_len(v); i++)
			if (import_one(&im, view_at(v, i), e) != AB_OK)
				break;
	}
	if (e->status == AB_OK && root.error.status != AB_OK)
		error_set(e, AB_ECONFIG, "%s", root.error.text);
	if (e->status == AB_OK && im.n == 0)
		error_set(e, AB_ECONFIG, "there is no state in it");
	view_root_fini(&root);
	return e->status;
}
