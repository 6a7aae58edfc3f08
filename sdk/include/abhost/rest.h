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
 * A path is a name, or names with dots between that lead into objects: "data", "meta.next". */
#ifndef ABHOST_REST_H
#define ABHOST_REST_H
#include <abhost/connector.h>

/* How an API says where the next page is. */
enum rest_paging {
	REST_ONE_PAGE,
	REST_CURSOR,  /* a token in the body (path `from`), sent back as parameter `param` */
	REST_PAGE,    /* page numbers, sent as `param`, from `first` on; ends at an empty page */
	REST_OFFSET,  /* the number of records so far, sent as `param`; ends at an empty page */
	REST_LINK,    /* the header Link: <URL>; rel="next" (RFC 8288) */
	REST_NEXT_URL /* a URL in the body (path `from`) */
};

struct rest_pager {
	enum rest_paging kind;
	const char *param, *from;
	int first;
	/* Tokens die with the run, so an interrupted read begins again.  REST_PAGE and REST_OFFSET
	 * always do so: records move from page to page between runs. */
	int fleeting;
};

/* The cursor of an incremental stream.  `param` sends the state's value, before there is one the
 * value of config key `start_key`, or else `start`.  NULL parts are left out. */
struct rest_cursor {
	const char *field, *param, *start_key, *start;
	int sorted; /* the API answers in ascending order: state moves with every checkpoint */
};

/* Records per page: `param` sends the value of config key `key`, or else `value`.  `max`: the most
 * that the API honours (0: unknown).  With it a larger config is refused, and a page shorter than
 * asked ends REST_PAGE and REST_OFFSET; without it only an empty page does, one request later. */
struct rest_size {
	const char *param, *key;
	int value, max;
};

struct rest_stream {
	const char *name;    /* NULL ends the table */
	const char *url;     /* under base_url; NULL: the name */
	const char *records; /* path of the array, or one object, in the body; NULL: the body */
	const char *key;     /* primary key: "id", or "org,id" for a composite one; NULL: none */
	const char *schema;  /* JSON Schema of a record, or NULL: types are inferred */
	const char *const *params; /* more parameters: k, v, ..., NULL; or NULL */
	struct rest_cursor cursor;
	struct rest_size size;
	struct rest_pager pager;
};

struct rest_api {
	const char *endpoint; /* as ab_host.endpoint takes it */
	const char *check;    /* URL that answers when all is well; NULL: the first stream's */
	const struct rest_stream *streams;
};

/* One open source: what rest_open makes. */
struct rest {
	struct ab_host *host;
	const struct rest_api *api;
	char *base_url; /* from the endpoint and the config */
};

#define REST_CONNECTOR(table, ...) \
	static ab_status table##_open(struct ab_host *host, void **self) \
	{ \
		return rest_open(host, &table, self); \
	} \
	AB_CONNECTOR(.open = table##_open, .close = rest_close, .check = rest_check, \
	    .streams = rest_streams, .read_page = rest_read_page, __VA_ARGS__)

/* Makes *self, a struct rest, and tells the host the endpoint.  The table must outlive it. */
ab_status rest_open(struct ab_host *host, const struct rest_api *api, void **self);
void rest_close(void *self);
ab_status rest_check(void *self);
ab_status rest_streams(void *self, struct ab_catalog *out);
ab_status rest_read_page(void *self, const struct ab_read *read, struct ab_page *out);

/* The same for one stream of the caller's making. */
ab_status rest_add_stream(struct rest *r, const struct rest_stream *s, struct ab_catalog *out);
ab_status rest_read_stream(struct rest *r, const struct rest_stream *s, const struct ab_read *read,
    struct ab_page *out);

/* The pieces of rest_read_stream.  rest_get: requests the page.  rest_records: its records, one
 * array or object, or NULL: none.  rest_next: names the next page; count: records in this one. */
ab_status rest_get(struct rest *r, const struct rest_stream *s, const struct ab_read *read,
    const struct ab_response **out);
ab_status rest_records(struct rest *r, const struct rest_stream *s, const struct ab_response *resp,
    const struct ab_json **out);
ab_status rest_next(struct rest *r, const struct rest_stream *s, const struct ab_read *read,
    const struct ab_response *resp, size_t count, struct ab_page *out);

/* The value at a path; NULL where there is none. */
const struct ab_json *rest_at(struct ab_host *host, const struct ab_json *value, const char *path);
#endif
