/* authed: a connector for tests, whose credential stands in the config: "auth" is what an endpoint's description has
 * there, as a text.  Streams users and events of My API. */
#include <stdio.h>
#include <stdlib.h>

#include <abhost/rest.h>

#define PAGES \
	.records = "data", .key = "id", .size = {.param = "limit", .value = 20}, \
	.pager = {REST_CURSOR, .param = "cursor", .from = "nextCursor"}

static const struct rest_stream streams[] = {{.name = "users", PAGES},
    {.name = "events",
	PAGES,
	.cursor =
	    {.field = "updated_at", .param = "updated_after", .start = "2024-01-01", .sorted = 1}},
    {.name = NULL}};

struct held {
	struct rest_api api;
	char endpoint[8192];
};

static ab_status
authed_open(struct ab_host *h, void **self)
{
	struct held *held = calloc(1, sizeof(*held));
	ab_status rc;

	if (held == NULL)
		return AB_ENOMEM;
	snprintf(held->endpoint, sizeof(held->endpoint),
	    "{\"base_url\": {\"config\": \"base_url\"}, \"auth\": %s}",
	    ab_cstr(h, h->config(h), "auth", "{}"));
	held->api =
	    (struct rest_api){.endpoint = held->endpoint, .check = "health", .streams = streams};
	rc = rest_open(h, &held->api, self);
	if (rc != AB_OK)
		free(held);
	return rc;
}

static void
authed_close(void *self)
{
	struct rest *r = self;
	void *held = (void *)(uintptr_t)r->api;

	rest_close(self);
	free(held);
}

AB_CONNECTOR(.id = "authed", .version = "1.0.0", .spec = AB_JSON({
	"type" : "object",
	"required" : [ "base_url", "auth" ],
	"properties" : {
		"base_url" : {"type" : "string"},
		"auth" : {"type" : "string"},
		"api_key" : {"type" : "string", "airbyte_secret" : true},
		"given" : {"title" : "in an object, or in a text that holds one"},
		"how" : {"type" : "string"}
	}
}),
    .open = authed_open, .close = authed_close, .check = rest_check, .streams = rest_streams,
    .partitions = rest_partitions, .read_page = rest_read_page);
