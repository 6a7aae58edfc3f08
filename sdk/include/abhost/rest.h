/* abhost/rest.h - a REST connector as a table.
 *
 *     static const struct rest_api api = { .endpoint = AB_JSON(...), .streams = streams };
 *     REST_CONNECTOR(api, .id = "my-api", .version = "1.0.0", .spec = AB_JSON(...));
 *
 * The kit (libabhost-kit.a) is linked into the connector and sees the host only through abi.h.  Its
 * functions have the types of the vtable, so a connector may take some and write the others: fill
 * AB_CONNECTOR by hand, with an open that calls rest_open (examples/datasette.c).  A read_page of
 * one's own can be made of rest_get, rest_records and rest_next.
 *
 * A path is a name, or names with dots between that lead into objects: "data", "meta.next".  A number
 * is an index into an array (-1: the last), a backslash takes the dot behind it as it is
 * ("@odata\\.nextLink").  In `records` a "*" stands for every element or member: "edges.*.node".  Where
 * an answer is looked at, "header:Next-Page" means that header.
 *
 * A template is a text with placeholders: {config.KEY}, {partition.NAME}, {token} (of the page), {size}
 * (records per page), {start} and {end} (the cursor's interval), {now}; these three also in a format of
 * their own, {end:%Y-%m-%d}.  Values are encoded for the place where they stand: percent-encoded in a URL,
 * escaped inside a JSON string; bare in JSON, {config.ids} is the value as JSON.  A parameter or header
 * whose placeholder has no value is left out; in a URL that is an error; in JSON it is null, in a JSON
 * string nothing.  An array of the config is joined with commas.  A secret has no value here: that is
 * what `auth` is for.  Other braces stay as they are.
 *
 * Times are read as ISO 8601 unless a format is said: %Y %m %d %H %M %S, %y, %b, %B, %f (microseconds),
 * %_ms (milliseconds), %z, or as a whole %s, %ms, %epoch_microseconds, %s_as_float (since 1970).
 * Durations are ISO 8601: "P30D", "P1M", "PT1S"; they may be templates ("P{config.days}D"). */
#ifndef ABHOST_REST_H
#define ABHOST_REST_H
#include <abhost/connector.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How an API says where the next page is. */
enum rest_paging {
	REST_ONE_PAGE,
	REST_CURSOR,    /* a token in the answer (path `from`), sent back as `param` */
	REST_PAGE,      /* page numbers, sent as `param`, from `first` on; ends at an empty page */
	REST_OFFSET,    /* `first` and the number of records so far; ends at an empty page */
	REST_LINK,      /* the header Link: <URL>; rel="next" (RFC 8288) */
	REST_NEXT_URL,  /* a URL in the answer (path `from`) */
	REST_LAST_FIELD /* the value at `from` of the page's last record; ends at an empty page */
};

/* Where a value goes in a request. */
enum rest_place {
	REST_IN_QUERY,
	REST_IN_HEADER,
	REST_IN_JSON, /* of the body; `param` is a path: "variables.after" */
	REST_IN_FORM, /* a form in the body */
	REST_IN_PATH  /* one more segment of the URL's path; `param` is not looked at */
};

struct rest_pager {
	enum rest_paging kind;
	const char *param; /* the token's name; NULL: a template has {token} */
	const char *from;  /* where the token is: a path, or "header:NAME" */
	int first;         /* the first page's number, or the first record's offset */
	/* Tokens die with the run, so an interrupted read begins again.  REST_PAGE and REST_OFFSET
	 * always do so: records move from page to page between runs. */
	int fleeting;
	enum rest_place place; /* of the token */
	int bare;          /* in JSON: a token in the answer goes back without quotes, a number */
	const char *start; /* a token that asks for the first page ("*"); NULL: none is sent */
	int skip_first;    /* REST_PAGE, REST_OFFSET: the first page is asked for without it */
	int step;          /* what a page adds to the number; 0: REST_PAGE 1, REST_OFFSET its records */
	/* What else ends the stream, each a path into the answer, or NULL: */
	const char *more;  /* false, 0, "", null or nothing on the last page: "has_more" */
	const char *done;  /* true, or any other value, on the last page only: "isLast" */
	const char *pages; /* REST_PAGE: how many pages there are */
	const char *total; /* REST_PAGE, REST_OFFSET: how many records; also told as progress */
	int alone;         /* behind the first page no `params` and no cursor are sent */
	int keep;          /* a next URL does not repeat `params`, size and cursor: send them again */
};

/* The cursor of an incremental stream: the interval that is asked for.  It begins at the state's value,
 * before there is one at the value of config key `start_key`, or else at `start`.  NULL parts are left
 * out.  Without format, lookback and step the value goes out as it stands, whatever it is. */
struct rest_cursor {
	const char *field;     /* of the records */
	const char *param;     /* the name that the beginning is sent under */
	const char *start_key; /* a path into the config */
	const char *start;     /* also "-P30D": so long before now */
	int sorted; /* the API answers in ascending order: state moves with every checkpoint */
	enum rest_place place;    /* of beginning and end */
	const char *format;       /* of times in requests; NULL: "%Y-%m-%dT%H:%M:%SZ" */
	const char *field_format; /* of the records' values; NULL: ISO 8601, or `format` */
	const char *lookback;     /* begin so much before the state; never before the start */
	const char *end_param;    /* the name that the end is sent under */
	const char *end_key, *end; /* as start_key and start; NULL: now */
	/* Ask window by window, each so long; the last one ends at the end.  Without parent and lists
	 * they are partitions, read at the same time, with one state for all; with them the windows
	 * of each partition are read one after the other. */
	const char *step;
	const char *granularity; /* a window ends so much before the next one; NULL: there */
	int filter; /* the API cannot: records older than the beginning are dropped here */
	int feed;   /* newest first: as filter, and a page that ends with an older one is the last */
};

/* Records per page: `param` sends the value of config key `key`, or else `value`.  `max`: the most
 * that the API honours (0: unknown).  With it a larger config is refused, and a page shorter than
 * asked is the last one of REST_PAGE, REST_OFFSET and REST_LAST_FIELD; without it only an empty page
 * is, one request later.  Without `param`, the API always gives `value` (set `max` to the same). */
struct rest_size {
	const char *param, *key;
	int value, max;
	enum rest_place place;
};

enum rest_body_kind {
	REST_NO_BODY, /* but for what is REST_IN_JSON or REST_IN_FORM */
	REST_JSON,    /* `text` is a template */
	REST_FORM,    /* `fields`: k, v, ..., NULL; the values are templates */
	REST_RAW,     /* `text`, a template, of Content-Type `type` (NULL: text/plain) */
	REST_GRAPHQL  /* `text` is the query, as it is; `variables` a JSON template of an object */
};

struct rest_body {
	enum rest_body_kind kind;
	const char *text, *variables, *type;
	const char *const *fields;
};

/* A partition for each record of a parent stream, which is read page by page as they are needed.  What
 * names a partition is sent where a template says {partition.NAME}, and becomes a column. */
struct rest_parent {
	const char *stream; /* the parent's name in the table; NULL: none */
	const char *field;  /* path in the parent's records ("*" is possible); NULL: "id" */
	const char *as;     /* NAME; NULL: the stream's and the field's: "users_id" */
	const char *const *extra; /* more of them: NAME, path, ..., NULL; they must never change */
	/* Only parents that changed since the last read: the stream has one state for all, and its
	 * value, `lookback` earlier (NULL: a day), is where the parent begins.  A child's change must
	 * be a change of its parent, and lookback longer than a sync. */
	int changed;
	const char *lookback;
};

/* A partition for each value of a list; each with each where there are several, or a parent. */
struct rest_list {
	const char *as;            /* NAME; NULL: there is none */
	const char *const *values; /* they, and NULL; or NULL: */
	const char *key;           /* path of an array, or one value, in the config */
};

/* Of what an answer holds, only records whose field has this text, and not that one; "" stands for null
 * or nothing there.  NULL: any. */
struct rest_only {
	const char *field; /* a path; NULL: all records are wanted */
	const char *is, *is_not;
};

struct rest_stream {
	const char *name;    /* NULL ends the table */
	const char *url;     /* a template, under base_url; NULL: the name */
	const char *records; /* path of the array, or one object, in the body; NULL: the body */
	const char *key;     /* primary key: "id", or "org,id" for a composite one; NULL: none */
	const char *schema;  /* JSON Schema of a record, or NULL: types are inferred */
	const char *const *params; /* more parameters: k, v, ..., NULL; values are templates; or NULL */
	struct rest_cursor cursor;
	struct rest_size size;
	struct rest_pager pager;
	const char *method;         /* NULL: GET, or POST where there is a body */
	const char *const *headers; /* as params */
	struct rest_body body;
	int lines;          /* the body is JSON Lines: a record in each, no `records` */
	struct rest_parent parent;
	struct rest_list lists[3];
	struct rest_only only;
	const char *deleted; /* a field that marks a record as deleted: docs/schema.md; or NULL */
	const char *const *add;  /* fields from deeper in a record: name, path, ..., NULL; or NULL */
	const char *const *drop; /* fields that are left out: names, NULL; or NULL */
	const char *key_as;      /* where the last "*" of `records` goes over an object: a field for the
				  * member's name */
	const char *constants; /* JSON template of an object: fields that every record gets; or NULL */
	const char *errors; /* what statuses mean: "errors" of options.json, a JSON array; or NULL */
};

struct rest_api {
	const char *endpoint; /* as ab_host.endpoint takes it; {config.KEY} in a text is the key's value */
	/* Template of a URL that answers if all is well (a page of HTML is not); NULL: of the first stream. */
	const char *check;
	const struct rest_stream *streams;
};

/* One open source: what rest_open makes. */
struct rest {
	struct ab_host *host;
	const struct rest_api *api;
	char *base_url; /* from the endpoint and the config */
	/* the kit's */
	struct rest_slices *slices;
	struct rest_lines *lines;
	unsigned long lines_opened;
};

#define REST_CONNECTOR(table, ...) \
	static ab_status table##_open(struct ab_host *host, void **self) \
	{ \
		return rest_open(host, &table, self); \
	} \
	AB_CONNECTOR(.open = table##_open, .close = rest_close, .check = rest_check, \
	    .streams = rest_streams, .partitions = rest_partitions, .read_page = rest_read_page, \
	    __VA_ARGS__)

/* Makes *self, a struct rest, and tells the host the endpoint.  The table must outlive it. */
ab_status rest_open(struct ab_host *host, const struct rest_api *api, void **self);
void rest_close(void *self);
ab_status rest_check(void *self);
ab_status rest_streams(void *self, struct ab_catalog *out);
ab_status rest_partitions(void *self, const struct ab_read *read, struct ab_page *out);
ab_status rest_read_page(void *self, const struct ab_read *read, struct ab_page *out);

/* The same for one stream of the caller's making. */
ab_status rest_add_stream(struct rest *r, const struct rest_stream *s, struct ab_catalog *out);
ab_status rest_partition_stream(struct rest *r, const struct rest_stream *s,
    const struct ab_read *read, struct ab_page *out);
ab_status rest_read_stream(struct rest *r, const struct rest_stream *s, const struct ab_read *read,
    struct ab_page *out);

/* The pieces of rest_read_stream.  rest_get: requests the page.  rest_emit: hands over its records.
 * rest_records: those of a path without "*", one array or object, or NULL: none.  rest_next: names
 * the next page; count: records in this one (rest_emit says it where the paging hangs on it). */
ab_status rest_get(struct rest *r, const struct rest_stream *s, const struct ab_read *read,
    const struct ab_response **out);
ab_status rest_emit(struct rest *r, const struct rest_stream *s, const struct ab_read *read,
    const struct ab_response *resp, struct ab_page *out, size_t *count);
ab_status rest_records(struct rest *r, const struct rest_stream *s, const struct ab_response *resp,
    const struct ab_json **out);
ab_status rest_next(struct rest *r, const struct rest_stream *s, const struct ab_read *read,
    const struct ab_response *resp, size_t count, struct ab_page *out);

/* The value at a path; NULL where there is none. */
const struct ab_json *rest_at(struct ab_host *host, const struct ab_json *value, const char *path);

#ifdef __cplusplus
}
#endif
#endif
