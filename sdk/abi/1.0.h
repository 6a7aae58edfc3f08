/* abhost/abi.h - the whole binary contract between abhost and a connector.
 *
 * Descriptions cross this line as JSON text, in Airbyte's words; actions cross it as functions.  So
 * what a connector can say grows without this file.  sdk/schema/ has a JSON Schema for each text.
 *
 * Every struct but ab_str has a size; one side writes it, the other only reads.  Members are only
 * ever appended, and zero means what it meant before they came.  A struct of the connector's that is
 * shorter than the host knows: the rest reads as zero; longer: refused unless the rest is zero (of
 * ab_connector it is not looked at: min_host says what is needed).  A struct of the host's ends at
 * its size: look there before you use what came after min_host.  Unknown flags are refused.
 * docs/abi-policy.md says what may change when.
 *
 * What the host hands out lives until the current call returns; the config, and the host itself,
 * until close does.  What a connector hands over is copied.  Nobody frees the other side's memory.
 * Text is UTF-8.  No exception, panic, longjmp, vararg, bitfield or libc type beyond <stdint.h>'s
 * crosses this line.
 *
 * open may be called many times in a process, on several threads: no mutable globals.  Partitions
 * are read at once by several sources; all pages of one, and all pages of a stream's partitions(),
 * are the same source's.  [source]: the connector's functions are called one at a time per source,
 * possibly on another OS thread next time; the host's are called from within such a call, on its
 * thread.  [any]: on any thread, any time from open to close.
 *
 * A view that could not be made, or was read as a type that it is not, fails the whole call, even
 * where it returns AB_OK: so nothing ends silently.  Null, and what is absent, reads as 0, "" or
 * empty.
 *
 * This is ABI 1.0, whole and frozen: what is built with it runs on every host of ABI 1.x. */
#ifndef ABHOST_ABI_H
#define ABHOST_ABI_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AB_VERSION(major, minor) ((major) * 0x10000u + (minor)) /* also in an #if */
#define AB_ABI   AB_VERSION(1, 0)
#define AB_MAGIC 0x31434241u /* "ABC1", for all time */

/* What the operator should do about it.  The sentence goes through fail(). */
typedef int32_t ab_status;
enum {
	AB_OK = 0,
	AB_ECONFIG = -1,      /* the user must change something: a key, an option */
	AB_ETRANSIENT = -2,   /* the same call may succeed later */
	AB_EDATA = -3,        /* the upstream answer makes no sense */
	AB_EUNSUPPORTED = -4, /* this host, or this connector, cannot do that */
	AB_ECANCELLED = -5,   /* the host asked us to stop */
	AB_ENOMEM = -6,
	AB_EBUG = -7,         /* broken invariant; also any status not listed here */
	AB_ESTALE = -8        /* page token refused: begin again from the state */
};
enum { AB_DEBUG, AB_INFO, AB_WARN, AB_ERROR };
enum { AB_NULL, AB_BOOL, AB_INT, AB_REAL, AB_STRING, AB_ARRAY, AB_OBJECT };

struct ab_json;     /* immutable view of a JSON value; a NULL one reads as null */
struct ab_response; /* one finished HTTP exchange, retries included */
struct ab_catalog;  /* filled by streams() */
struct ab_page;     /* filled by partitions() and read_page() */
struct ab_state;    /* filled by update_state() */

/* Never grows.  From the host: never NULL, and ptr[len] is '\0'.  To the host: NULL is empty. */
struct ab_str { const char *ptr; size_t len; };

struct ab_request {
	uint32_t size, flags;           /* flags: none yet, 0 */
	const char *method, *url;       /* NULL: GET; absolute, or under base_url */
	const char *const *params;      /* k, v, ..., NULL; a NULL v drops its k */
	const char *const *headers;     /* same shape */
	struct ab_str body;
	const char *options;            /* JSON (options.json), or NULL */
};
struct ab_read {
	uint32_t size, flags;           /* flags: none yet, 0 */
	uint32_t limit, reserved;       /* records wanted per page, 0: any; 0 */
	const char *stream;             /* its name, as streams() added it */
	const struct ab_json *configured; /* its ConfiguredAirbyteStream */
	const struct ab_json *partition;/* as partitions() emitted it, or NULL */
	const struct ab_json *state;    /* as when this read began, or NULL */
	const char *token;              /* as the previous page set it, or NULL: the first page */
};
struct ab_seen {                        /* a page that was just read */
	uint32_t size, flags;           /* flags: none yet, 0 */
	const char *stream;
	const struct ab_json *configured;
	const struct ab_json *partition;
	const struct ab_json *state;    /* the state before this page, or NULL */
	const struct ab_json *records;  /* an array */
};

/* What the host does for a source.  A function that returns a status has, on failure, already told
 * why: pass the status on.  Read-only; none of its functions is NULL. */
struct ab_host {
	uint32_t size, abi;             /* abi: the host's own version */
	void *priv;                     /* not yours */
	/* One line for the log; secrets are masked. */
	void (*log)(struct ab_host *, int level, const char *text);        /* [any] */
	/* Not 0: the running call should end soon with AB_ECANCELLED. */
	int (*cancelled)(struct ab_host *);                                /* [any] */
	/* Microseconds since 1970, UTC.  The only clock to use: a replayed sync replays it.  While one is
	 * recorded or replayed it stands still, but for what wait() waits. */
	int64_t (*now)(struct ab_host *);                                  /* [any] */
	/* Keeps the sentence for people (what happened, what to do), the first one wins; returns
	 * the status that it was given. */
	ab_status (*fail)(struct ab_host *, ab_status, const char *why);   /* [source], as all below */
	/* The configuration, checked against the spec, defaults filled in, secrets as "****". */
	const struct ab_json *(*config)(struct ab_host *);
	/* poll(2) of one descriptor, or (fd -1) sleep: AB_OK when it is ready or ms milliseconds have
	 * passed, AB_ECANCELLED at once.  Time in here does not count against the call. */
	ab_status (*wait)(struct ab_host *, int fd, int events, uint32_t ms);

	/* Tells base_url, auth and limits, once per origin; the first is the base (endpoint.json).
	 * Names config keys of credentials; the host attaches them, to that origin only. */
	ab_status (*endpoint)(struct ab_host *, const char *json);
	/* Runs a request: retries, backs off, keeps to rate limits.  A status of 400 or more is an
	 * error, told with the answer's first bytes, unless options say it is "ok".  On failure the
	 * response is NULL, which reads as status 0 and an empty body. */
	ab_status (*http)(struct ab_host *, const struct ab_request *,
	    const struct ab_response **);
	int (*http_status)(const struct ab_response *);
	/* Of any case; several are joined with ", "; NULL: none. */
	const char *(*http_header)(const struct ab_response *, const char *name);
	struct ab_str (*http_body)(const struct ab_response *);
	const struct ab_json *(*http_json)(const struct ab_response *);    /* the body as a view */
	/* The next bytes of a request with {"stream": true}, until the next http_read; an empty chunk
	 * is the end.  Such a response outlives the call: until http_done, or close. */
	ab_status (*http_read)(const struct ab_response *, struct ab_str *chunk);
	void (*http_done)(const struct ab_response *); /* early; else the call's end does it */

	/* Views are lazy: nothing is parsed before it is asked for, nothing is built. */
	const struct ab_json *(*json_parse)(struct ab_host *, struct ab_str); /* borrows the text */
	const struct ab_json *(*json_get)(const struct ab_json *, const char *key); /* NULL: none */
	/* Element, or value of member, i; NULL behind the last. */
	const struct ab_json *(*json_at)(const struct ab_json *, size_t i);
	struct ab_str (*json_key)(const struct ab_json *, size_t i); /* of member i, unescaped */
	size_t (*json_len)(const struct ab_json *);         /* elements or members */
	int (*json_type)(const struct ab_json *);           /* AB_NULL ... AB_OBJECT */
	int64_t (*json_int)(const struct ab_json *);        /* also 0 or 1 of a bool; saturates */
	double (*json_real)(const struct ab_json *);
	struct ab_str (*json_str)(const struct ab_json *);  /* of a string, unescaped */
	struct ab_str (*json_text)(const struct ab_json *); /* any value as JSON, as it came */

	/* In streams(): an AirbyteStream (stream.json). */
	ab_status (*add_stream)(struct ab_catalog *, const char *json);
	/* In read_page() and partitions(): an object, or an array of objects, as a text also several
	 * (JSON Lines); a page that fails is dropped whole.  A view goes out as its bytes. */
	ab_status (*emit)(struct ab_page *, const struct ab_json *);
	ab_status (*emit_text)(struct ab_page *, struct ab_str);
	/* What is the same for all records of the page: {"constants": {}, "total": 9}; or NULL. */
	ab_status (*about)(struct ab_page *, const char *json);
	/* The token that read_page gets for the page behind this one; NULL, or not called: the last. */
	ab_status (*next)(struct ab_page *, const char *token);
	/* In update_state(): an object. */
	ab_status (*set_state)(struct ab_state *, const char *json);
	/* A table of more functions, or NULL where this host has none of that id: "ab.arrow/1".  What
	 * an id stands for never changes; another table is "ab.arrow/2".  "ab." is abhost's own. */
	const void *(*extension)(struct ab_host *, const char *id);
};

/* What a connector does.  [source]; a status that is not AB_OK fails the attempt.  NULL only where it
 * says so. */
struct ab_connector {
	uint32_t magic, size, abi, min_host; /* read first; frozen for all time */
	const char *id, *version;            /* "my-api", "1.0.0" */
	const char *spec;                    /* Airbyte's connectionSpecification, JSON */
	/* Makes one source; no request yet.  *self is the connector's, passed to all others. */
	ab_status (*open)(struct ab_host *, void **self);
	/* Once, if open set *self, also where open failed; no requests. */
	void (*close)(void *self);
	/* Is this configuration usable?  A request or two. */
	ab_status (*check)(void *self);
	ab_status (*streams)(void *self, struct ab_catalog *);
	/* Emits the slices of a stream, an object each, in pages; or null, alone: the stream is one
	 * partition, NULL, as all are where this function is NULL. */
	ab_status (*partitions)(void *self, const struct ab_read *, struct ab_page *);
	/* Emits the records of one page, names the next. */
	ab_status (*read_page)(void *self, const struct ab_read *, struct ab_page *);
	/* The state behind this page, from the state before it: pure, no requests.  Called right after
	 * the page; becomes durable with its records.  This function NULL: {cursor field: greatest
	 * value}. */
	ab_status (*update_state)(void *self, const struct ab_seen *, struct ab_state *);
	/* The connector's own extensions, as the host's: for ever the same, without a source, [any],
	 * also before open.  May be NULL. */
	const void *(*extension)(const char *id);
};

/* The one symbol a connector exports.  A new major renames it, so a single .so may carry
 * ab_connector_v1 and ab_connector_v2. */
extern __attribute__((visibility("default"))) const struct ab_connector ab_connector_v1;

#ifdef __cplusplus
}
#endif
#endif
