/* abhost/abi.h - the whole binary contract between abhost and a connector.
 *
 * Descriptions cross this line as JSON text, in Airbyte's words; actions cross
 * it as functions.  So what a connector can say grows without this file.
 *
 * Every struct begins with its size; one side writes it, the other only reads.
 * What the host hands out lives until the current call returns (the config:
 * until close).  What a connector hands over is copied.  Nobody frees the
 * other side's memory.  Text is UTF-8.  No exception, panic, longjmp, vararg,
 * bitfield or libc type other than <stdint.h>'s crosses this line.
 *
 * open may be called many times in a process, on several threads: no mutable
 * globals.  [source] one call at a time per source, possibly on another OS
 * thread next time; [any] from any thread, at any time.
 *
 * A view that could not be made, or was read as a type that it is not, fails
 * the whole call, whatever the call returns: so nothing ends silently. */
#ifndef ABHOST_ABI_H
#define ABHOST_ABI_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AB_VERSION(major, minor) ((uint32_t)(major) << 16 | (uint32_t)(minor))
#define AB_ABI   AB_VERSION(1, 0)
#define AB_MAGIC 0x30434241u /* "ABC0": until 1.0 is frozen it must match exactly */

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

struct ab_str { const char *ptr; size_t len; }; /* from the host: ptr[len] is '\0' */

struct ab_request {
	uint32_t size, flags;           /* flags: none yet, 0 */
	const char *method, *url;       /* NULL: GET; absolute, or under base_url */
	const char *const *params;      /* k, v, ..., NULL; a NULL v drops its k */
	const char *const *headers;     /* same shape */
	struct ab_str body;
	const char *options;            /* JSON, or NULL: {"ok": [404], ...} */
};
struct ab_read {
	uint32_t size, flags;           /* flags: none yet, 0 */
	uint32_t limit, reserved;       /* records wanted per page, 0: any */
	const char *stream;
	const struct ab_json *configured; /* its ConfiguredAirbyteStream */
	const struct ab_json *partition;/* as partitions() emitted it, or NULL */
	const struct ab_json *state;    /* as when this read began, or NULL */
	const char *token;              /* as the previous page set it, or NULL */
};
struct ab_seen {                        /* a page that was just read */
	uint32_t size, flags;           /* flags: none yet, 0 */
	const char *stream;
	const struct ab_json *configured;
	const struct ab_json *partition;
	const struct ab_json *state;    /* the state before this page, or NULL */
	const struct ab_json *records;  /* an array */
};

struct ab_host { /* one per source, read-only; later versions only append */
	uint32_t size, abi;
	void *priv;
	void (*log)(struct ab_host *, int level, const char *text);        /* [any] */
	int (*cancelled)(struct ab_host *);                                /* [any] */
	int64_t (*now)(struct ab_host *); /* microseconds since 1970, UTC; replayed [any] */
	ab_status (*fail)(struct ab_host *, ab_status, const char *why);   /* [source], */
	const struct ab_json *(*config)(struct ab_host *);                 /* and so on */
	ab_status (*wait)(struct ab_host *, int fd, int events, uint32_t ms);
	                  /* poll(2), fd -1: sleep; not watched; AB_ECANCELLED at once */
	ab_status (*endpoint)(struct ab_host *, const char *json);
	                  /* base_url, auth, limits; once per origin, the first is the base */
	ab_status (*http)(struct ab_host *, const struct ab_request *,
	    const struct ab_response **); /* retries, backs off, rate-limits */
	int (*http_status)(const struct ab_response *);
	const char *(*http_header)(const struct ab_response *, const char *name); /* joined */
	struct ab_str (*http_body)(const struct ab_response *);
	const struct ab_json *(*http_json)(const struct ab_response *);
	ab_status (*http_read)(const struct ab_response *, struct ab_str *chunk);
	                  /* of a request with {"stream": true}; an empty chunk is the end */
	void (*http_done)(const struct ab_response *); /* early; the call's end does it too */
	const struct ab_json *(*json_parse)(struct ab_host *, struct ab_str);
	const struct ab_json *(*json_get)(const struct ab_json *, const char *key);
	const struct ab_json *(*json_at)(const struct ab_json *, size_t); /* or member; O(1)
	                  when called in order */
	struct ab_str (*json_key)(const struct ab_json *, size_t);        /* of member i */
	size_t (*json_len)(const struct ab_json *);
	int (*json_type)(const struct ab_json *);
	int64_t (*json_int)(const struct ab_json *);        /* saturates; see json_text */
	double (*json_real)(const struct ab_json *);
	struct ab_str (*json_str)(const struct ab_json *);  /* unescaped */
	struct ab_str (*json_text)(const struct ab_json *); /* the bytes themselves */
	ab_status (*add_stream)(struct ab_catalog *, const char *json); /* an AirbyteStream */
	ab_status (*emit)(struct ab_page *, const struct ab_json *); /* object or array */
	ab_status (*emit_text)(struct ab_page *, struct ab_str);     /* the same, as text */
	ab_status (*about)(struct ab_page *, const char *json); /* {"constants": {}, "total": 9} */
	ab_status (*next)(struct ab_page *, const char *token);      /* NULL: the last */
	ab_status (*set_state)(struct ab_state *, const char *json);
	const void *(*extension)(struct ab_host *, const char *id);  /* "ab.arrow/1" */
};

struct ab_connector {
	uint32_t magic, size, abi, min_host; /* read first; frozen for all time */
	const char *id, *version;
	const char *spec;                    /* Airbyte's connectionSpecification, JSON */
	ab_status (*open)(struct ab_host *, void **self);
	void (*close)(void *self);           /* once, if open set *self */
	ab_status (*check)(void *self);
	ab_status (*streams)(void *self, struct ab_catalog *);
	ab_status (*partitions)(void *self, const struct ab_read *, struct ab_page *);
	                                     /* may be NULL: one partition, NULL */
	ab_status (*read_page)(void *self, const struct ab_read *, struct ab_page *);
	ab_status (*update_state)(void *self, const struct ab_seen *, struct ab_state *);
	                                     /* pure; may be NULL: greatest cursor value */
	const void *(*extension)(const char *id); /* may be NULL */
};

/* The one symbol a connector exports.  A new major renames it, so a single .so
 * may carry ab_connector_v1 and ab_connector_v2. */
extern __attribute__((visibility("default"))) const struct ab_connector ab_connector_v1;

#ifdef __cplusplus
}
#endif
#endif
