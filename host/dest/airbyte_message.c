/* airbyte_message.c - see airbyte_out.h: what the messages look like. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/redact.h"
#include "data/jsonread.h"
#include "data/jsontext.h"
#include "dest/airbyte_out.h"

json_t *
airbyte_text(const char *text)
{
	char *copy = strdup(text);
	json_t *v = NULL;
	struct buf b;

	if (copy == NULL)
		return NULL;
	redact_text(copy);
	if ((v = json_string(copy)) == NULL) {
		buf_init(&b, 8 * strlen(copy) + 2);
		if (buf_add_json_string(&b, copy, strlen(copy)) == 0)
			v = jsonread_text(b.ptr, b.len, JSON_DECODE_ANY, NULL);
		buf_fini(&b);
	}
	free(copy);
	return v;
}

static double
now_ms(void)
{
	return (double)clock_now_us() / 1000.0;
}

static int
try_send(struct airbyte_out *o, const char *type, const char *key, json_t *value)
{
	json_t *message = json_pack("{s:s, s:o}", "type", type, key, value);
	char *text = jsontext_make(message, JSON_COMPACT | JSON_REAL_PRECISION(17));
	int rc = text == NULL ? -1 : airbyte_send_line(o, text, strlen(text));

	free(text);
	json_decref(message);
	return rc;
}

void
airbyte_send(struct airbyte_out *o, const char *type, const char *key, json_t *value)
{
	if (try_send(o, type, key, value) != 0)
		airbyte_out_lack(o);
}

/* {"type": type, "emitted_at": now, key: value} */
static void
send_trace(struct airbyte_out *o, const char *type, const char *key, json_t *value)
{
	airbyte_send(o, "TRACE", "trace",
	    json_pack("{s:s, s:f, s:o}", "type", type, "emitted_at", now_ms(), key, value));
}

json_t *
airbyte_descriptor(const char *name, const char *ns)
{
	if (ns != NULL && *ns != '\0')
		return json_pack("{s:s, s:s}", "name", name, "namespace", ns);
	return json_pack("{s:s}", "name", name);
}

void
airbyte_log(struct airbyte_out *o, int level, const char *message)
{
	static const char *const words[] = {"DEBUG", "INFO", "WARN", "ERROR"};
	const char *word = level < AB_DEBUG || level > AB_ERROR ? "ERROR" : words[level];

	(void)try_send(o, "LOG", "log",
	    json_pack("{s:s, s:o}", "level", word, "message", airbyte_text(message)));
}

void
airbyte_status(
    struct airbyte_out *o, const char *name, const char *ns, const char *status, int64_t limited_us)
{
	json_t *v = json_pack(
	    "{s:o, s:s}", "stream_descriptor", airbyte_descriptor(name, ns), "status", status);

	if (limited_us != 0)
		json_object_set_new(v, "reasons",
		    json_pack("[{s:s, s:{s:I}}]", "type", "RATE_LIMITED", "rate_limited",
			"quota_reset", (json_int_t)(limited_us / 1000)));
	send_trace(o, "STREAM_STATUS", "stream_status", v);
}

const char *
airbyte_failure_type(ab_status status)
{
	switch (status) {
	case AB_ECONFIG:
	case AB_EUNSUPPORTED:
		return "config_error";
	case AB_ETRANSIENT:
	case AB_ECANCELLED:
		return "transient_error";
	default:
		return "system_error";
	}
}

void
airbyte_error(struct airbyte_out *o, const char *name, const char *ns, const struct error *e)
{
	json_t *v = json_pack("{s:o, s:s}", "message", airbyte_text(e->text), "failure_type",
	    airbyte_failure_type(e->status));

	if (name != NULL)
		json_object_set_new(v, "stream_descriptor", airbyte_descriptor(name, ns));
	airbyte_log(o, AB_ERROR, e->text);
	send_trace(o, "ERROR", "error", v);
}

void
airbyte_control(struct airbyte_out *o, const json_t *config)
{
	airbyte_send(o, "CONTROL", "control",
	    json_pack("{s:s, s:f, s:{s:O}}", "type", "CONNECTOR_CONFIG", "emitted_at", now_ms(),
		"connectorConfig", "config", config));
}

void
airbyte_estimate(struct airbyte_out *o, const char *name, const char *ns, int64_t rows)
{
	json_t *v = json_pack(
	    "{s:s, s:s, s:I}", "name", name, "type", "STREAM", "row_estimate", (json_int_t)rows);

	if (ns != NULL && *ns != '\0')
		json_object_set_new(v, "namespace", json_string(ns));
	send_trace(o, "ESTIMATE", "estimate", v);
}
