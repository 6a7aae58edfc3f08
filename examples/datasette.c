/* datasette: the tables of a database that any datasette serves (datasette.io), keyset paged.
 *
 * Half kit, half hand-written: the streams are not known before the server was asked, so `check` and
 * `streams` are our own; open, close and the reading of a page are the kit's. */
#define _POSIX_C_SOURCE 200809L /* open_memstream */
#include <stdlib.h>
#include <abhost/rest.h>

static const struct rest_api datasette = {
	.endpoint = AB_JSON({"base_url": {"config": "base_url"}}),
};

static ab_status ds_open(struct ab_host *h, void **self)
{
	return rest_open(h, &datasette, self);
}

/* Names in URLs, datasette's own way: "a b/c" is "a+b~2Fc". */
static void put_name(FILE *f, const char *name)
{
	for (; *name != '\0'; name++) {
		unsigned char c = (unsigned char)*name;

		if (c == ' ')
			putc('+', f);
		else if ((c | 32) >= 'a' && (c | 32) <= 'z')
			putc(c, f);
		else if ((c >= '0' && c <= '9') || c == '_' || c == '-')
			putc(c, f);
		else
			fprintf(f, "~%02X", (unsigned)c);
	}
}

/* "database.json", or "database/table.json"; malloc'ed, NULL: no memory. */
static char *make_url(struct ab_host *h, const char *table)
{
	char *url = NULL;
	size_t len;
	FILE *f = open_memstream(&url, &len);

	if (f == NULL)
		return NULL;
	put_name(f, ab_cstr(h, h->config(h), "database", ""));
	if (table != NULL) {
		putc('/', f);
		put_name(f, table);
	}
	fputs(".json", f);
	if (fclose(f) == 0)
		return url;
	free(url);
	return NULL;
}

static ab_status get_tables(struct rest *r, const struct ab_json **out)
{
	const struct ab_response *resp;
	char *url = make_url(r->host, NULL);
	ab_status rc;

	if (url == NULL)
		return r->host->fail(r->host, AB_ENOMEM, "out of memory");
	rc = r->host->http(r->host, AB_NEW(ab_request, .url = url), &resp);
	free(url);
	if (rc != AB_OK)
		return rc;
	*out = rest_at(r->host, r->host->http_json(resp), "tables");
	if (r->host->json_type(*out) != AB_ARRAY)
		return r->host->fail(r->host, AB_EDATA,
		    "the answer lists no tables: is base_url that of a datasette 0.x?");
	return AB_OK;
}

static ab_status ds_check(void *self)
{
	const struct ab_json *tables;

	return get_tables(self, &tables);
}

/* The table as an AirbyteStream.  Names go over as they came, escapes included. */
static ab_status add_table(struct rest *r, const struct ab_json *table, struct ab_catalog *out)
{
	struct ab_host *h = r->host;
	const struct ab_json *keys = h->json_get(table, "primary_keys");
	struct ab_str text = h->json_text(h->json_get(table, "name"));
	char *json = NULL;
	size_t len, n = h->json_len(keys);
	FILE *f = open_memstream(&json, &len);
	ab_status rc;

	if (f == NULL)
		return h->fail(h, AB_ENOMEM, "out of memory");
	fprintf(f, "{\"name\": %.*s, \"is_resumable\": true", (int)text.len, text.ptr);
	for (size_t i = 0; i < n; i++) {
		text = h->json_text(h->json_at(keys, i));
		fputs(i == 0 ? ", \"source_defined_primary_key\": [" : ", ", f);
		fprintf(f, "[%.*s]%s", (int)text.len, text.ptr, i + 1 == n ? "]" : "");
	}
	putc('}', f);
	rc = fclose(f) == 0 ? h->add_stream(out, json) : h->fail(h, AB_ENOMEM, "out of memory");
	free(json);
	return rc;
}

static int contains(struct ab_host *h, const struct ab_json *names, const char *name)
{
	for (size_t i = 0; i < h->json_len(names); i++)
		if (strcmp(h->json_str(h->json_at(names, i)).ptr, name) == 0)
			return 1;
	return 0;
}

static ab_status check_wanted(struct ab_host *h, const struct ab_json *wanted,
    const struct ab_json *tables)
{
	const char *name;
	size_t k, n = h->json_len(tables);

	for (size_t i = 0; i < h->json_len(wanted); i++) {
		name = h->json_str(h->json_at(wanted, i)).ptr;
		for (k = 0; k < n; k++)
			if (strcmp(ab_cstr(h, h->json_at(tables, k), "name", ""), name) == 0)
				break;
		if (k == n)
			return ab_failf(h, AB_ECONFIG, "the database has no table \"%s\"", name);
	}
	return AB_OK;
}

/* The tables that the config names; without such a list all that are not hidden. */
static ab_status ds_streams(void *self, struct ab_catalog *out)
{
	struct rest *r = self;
	struct ab_host *h = r->host;
	const struct ab_json *tables, *table, *wanted = h->json_get(h->config(h), "tables");
	ab_status rc = get_tables(r, &tables);

	if (rc == AB_OK)
		rc = check_wanted(h, wanted, tables);
	for (size_t i = 0; rc == AB_OK && i < h->json_len(tables); i++) {
		table = h->json_at(tables, i);
		if (wanted != NULL ? contains(h, wanted, ab_cstr(h, table, "name", ""))
				   : h->json_int(h->json_get(table, "hidden")) == 0)
			rc = add_table(r, table, out);
	}
	return rc;
}

static ab_status ds_read_page(void *self, const struct ab_read *read, struct ab_page *out)
{
	static const char *const params[] = { "_shape", "objects", "_size", "max", "_nocount", "1",
		"_nofacet", "1", "_nosuggest", "1", NULL };
	struct rest *r = self;
	char *url = make_url(r->host, read->stream);
	struct rest_stream table = { .name = read->stream, .url = url, .records = "rows",
		.params = params, .pager = { REST_NEXT_URL, .from = "next_url" } };
	ab_status rc;

	if (url == NULL)
		return r->host->fail(r->host, AB_ENOMEM, "out of memory");
	rc = rest_read_stream(r, &table, read, out);
	free(url);
	return rc;
}

AB_CONNECTOR(.id = "datasette", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url", "database"],
	"properties": {
		"base_url": {"type": "string", "format": "uri", "description": "Where datasette answers"},
		"database": {"type": "string", "description": "The name of the database there"},
		"tables": {"type": "array", "items": {"type": "string"}, "uniqueItems": true,
			"description": "Only these; without it all that are not hidden"}
	} }),
    .open = ds_open, .close = rest_close, .check = ds_check, .streams = ds_streams,
    .read_page = ds_read_page);
