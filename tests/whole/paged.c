/* paged: a connector for tests, whose streams stand in the config, so that every kind of paging, order and
 * key can be tried on the fake API:
 *
 *     "streams": [{"name": "events", "url": "by-page/events", "paging": "page", "key": "id",
 *                  "cursor": "updated_at", "sorted": false, "fleeting": false}, ...]
 *
 * With "parts": true a stream has a partition for each type of event, all of which are asked for the same pages.
 * With "lists": true the streams are instead what GET lists names. */
#include <abhost/rest.h>

static const struct rest_api paged = {
    .endpoint = AB_JSON(
	{"base_url" : {"config" : "base_url"}, "auth" : {"type" : "bearer", "config" : "api_key"}}),
    .check = "health",
};

static const char *const kinds[] = {
    "push", "pull_request", "issue", "issue_comment", "release", "fork", "watch", "create", NULL};

static ab_status
paged_open(struct ab_host *h, void **self)
{
	return rest_open(h, &paged, self);
}

static struct rest_pager
make_pager(const char *paging, int fleeting)
{
	struct rest_pager p = {REST_CURSOR, .param = "cursor", .from = "nextCursor"};

	if (strcmp(paging, "page") == 0)
		p = (struct rest_pager){REST_PAGE, .param = "page", .first = 1};
	else if (strcmp(paging, "offset") == 0)
		p = (struct rest_pager){REST_OFFSET, .param = "offset"};
	else if (strcmp(paging, "link") == 0)
		p = (struct rest_pager){REST_LINK};
	else if (strcmp(paging, "next") == 0)
		p = (struct rest_pager){REST_NEXT_URL, .from = "next_url"};
	p.fleeting = fleeting;
	return p;
}

/* A stream of the config; the texts live until close. */
static struct rest_stream
make_stream(struct ab_host *h, const struct ab_json *entry)
{
	const char *paging = ab_cstr(h, entry, "paging", "cursor");
	const char *field = ab_cstr(h, entry, "cursor", NULL);
	struct rest_stream s = {
	    .name = ab_cstr(h, entry, "name", ""),
	    .url = ab_cstr(h, entry, "url", NULL),
	    .records = strcmp(paging, "link") == 0 ? NULL : "data",
	    .key = ab_cstr(h, entry, "key", NULL),
	    .size = {.param = "limit", .key = "page_size", .value = 200},
	    .pager = make_pager(paging, h->json_int(h->json_get(entry, "fleeting")) != 0),
	};

	if (field != NULL) {
		s.cursor.field = field;
		s.cursor.param = "updated_after";
		s.cursor.start = "2024-01-01";
		s.cursor.sorted = h->json_int(h->json_get(entry, "sorted")) != 0;
	}
	if (h->json_int(h->json_get(entry, "parts")) != 0) {
		s.lists[0] = (struct rest_list){.as = "kind", .values = kinds};
		s.only = (struct rest_only){.field = "type", .is = kinds[0]};
	}
	return s;
}

static int
is_lists(struct ab_host *h)
{
	return h->json_int(h->json_get(h->config(h), "lists")) != 0;
}

static ab_status
add_lists(struct rest *r, struct ab_catalog *out)
{
	struct ab_host *h = r->host;
	const struct ab_response *resp;
	const struct ab_json *lists;
	ab_status rc = h->http(h, AB_NEW(ab_request, .url = "lists"), &resp);

	if (rc != AB_OK)
		return rc;
	lists = h->json_get(h->http_json(resp), "data");
	for (size_t i = 0; rc == AB_OK && i < h->json_len(lists); i++) {
		struct rest_stream s = make_stream(h, h->json_at(lists, i));

		rc = rest_add_stream(r, &s, out);
	}
	return rc;
}

static ab_status
paged_streams(void *self, struct ab_catalog *out)
{
	struct rest *r = self;
	struct ab_host *h = r->host;
	const struct ab_json *entries = h->json_get(h->config(h), "streams");
	ab_status rc = AB_OK;

	if (is_lists(h))
		return add_lists(r, out);
	for (size_t i = 0; rc == AB_OK && i < h->json_len(entries); i++) {
		struct rest_stream s = make_stream(h, h->json_at(entries, i));

		rc = rest_add_stream(r, &s, out);
	}
	return rc;
}

static ab_status
read_list(struct rest *r, const struct ab_read *read, struct ab_page *out)
{
	char url[300];
	struct rest_stream s = make_stream(r->host, NULL);

	snprintf(url, sizeof(url), "lists/%s", read->stream);
	s.name = read->stream;
	s.url = url;
	return rest_read_stream(r, &s, read, out);
}

static ab_status
find_stream(struct ab_host *h, const char *name, struct rest_stream *out)
{
	const struct ab_json *entries = h->json_get(h->config(h), "streams");

	for (size_t i = 0; i < h->json_len(entries); i++) {
		*out = make_stream(h, h->json_at(entries, i));
		if (strcmp(out->name, name) == 0)
			return AB_OK;
	}
	return ab_failf(h, AB_ECONFIG, "no such stream: %s", name);
}

static ab_status
paged_partitions(void *self, const struct ab_read *read, struct ab_page *out)
{
	struct rest *r = self;
	struct rest_stream s = {.name = read->stream};

	if (!is_lists(r->host) && find_stream(r->host, read->stream, &s) != AB_OK)
		return AB_ECONFIG;
	return rest_partition_stream(r, &s, read, out);
}

static ab_status
paged_read_page(void *self, const struct ab_read *read, struct ab_page *out)
{
	struct rest *r = self;
	struct ab_host *h = r->host;
	struct rest_stream s;

	if (is_lists(h))
		return read_list(r, read, out);
	if (find_stream(h, read->stream, &s) != AB_OK)
		return AB_ECONFIG;
	if (s.only.field != NULL)
		s.only.is = ab_cstr(h, read->partition, "kind", "");
	return rest_read_stream(r, &s, read, out);
}

AB_CONNECTOR(.id = "paged", .version = "1.0.0", .spec = AB_JSON({
	"type" : "object",
	"required" : [ "api_key", "base_url" ],
	"properties" : {
		"api_key" : {"type" : "string", "airbyte_secret" : true},
		"base_url" : {"type" : "string"},
		"page_size" : {"type" : "integer", "minimum" : 1},
		"lists" : {"type" : "boolean"},
		"streams" : {"type" : "array", "items" : {"type" : "object", "required" : ["name"]}}
	}
}),
    .open = paged_open, .close = rest_close, .check = rest_check, .streams = paged_streams,
    .partitions = paged_partitions, .read_page = paged_read_page);
