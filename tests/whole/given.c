/* given.c - a connector whose pages stand in files, byte for byte: what an API might say, however strange.
 *
 * Config: {"folder": "/abs"}.  FOLDER/streams.json is an array of AirbyteStream; page N (from 0) of a stream is
 * FOLDER/NAME.N, records as emit_text takes them, with a line "about: {...}" before them where it is wanted.  The first N
 * whose file is not there is the end.  All pages come in every read, whatever the state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <abhost/connector.h>

struct given {
	struct ab_host *host;
	char folder[1024];
	char *text;
	size_t cap;
};

static ab_status
given_open(struct ab_host *h, void **self)
{
	struct given *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return AB_ENOMEM;
	*self = g;
	g->host = h;
	snprintf(g->folder, sizeof(g->folder), "%s", ab_cstr(h, h->config(h), "folder", "."));
	return AB_OK;
}

static void
given_close(void *self)
{
	free(((struct given *)self)->text);
	free(self);
}

static ab_status
given_check(void *self)
{
	(void)self;
	return AB_OK;
}

/* A whole file; AB_ESTALE where there is none. */
static ab_status
load(struct given *g, const char *name, struct ab_str *out)
{
	char path[2048];
	FILE *file;
	char *grown;

	snprintf(path, sizeof(path), "%s/%s", g->folder, name);
	file = fopen(path, "rb");
	if (file == NULL)
		return AB_ESTALE;
	*out = (struct ab_str){g->text, 0};
	for (;;) {
		if (out->len + 65536 > g->cap) {
			grown = realloc(g->text, g->cap * 2 + 65536);
			if (grown == NULL)
				break;
			g->text = grown;
			g->cap = g->cap * 2 + 65536;
		}
		out->ptr = g->text;
		size_t n = fread(g->text + out->len, 1, 65536, file);
		out->len += n;
		if (n == 0) {
			g->text[out->len] = '\0';
			fclose(file);
			return AB_OK;
		}
	}
	fclose(file);
	return AB_ENOMEM;
}

static ab_status
given_streams(void *self, struct ab_catalog *catalog)
{
	struct given *g = self;
	struct ab_host *h = g->host;
	const struct ab_json *list;
	struct ab_str text;
	ab_status rc = load(g, "streams.json", &text);

	if (rc != AB_OK)
		return ab_failf(h, AB_ECONFIG, "no streams.json in %s", g->folder);
	list = h->json_parse(h, text);
	for (size_t i = 0; i < h->json_len(list) && rc == AB_OK; i++)
		rc = h->add_stream(catalog, h->json_text(h->json_at(list, i)).ptr);
	return rc;
}

static int
is_there(struct given *g, const char *stream, long n)
{
	char path[2048];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.%ld", g->folder, stream, n);
	file = fopen(path, "rb");
	if (file != NULL)
		fclose(file);
	return file != NULL;
}

static ab_status
given_read_page(void *self, const struct ab_read *r, struct ab_page *page)
{
	struct given *g = self;
	struct ab_host *h = g->host;
	long n = r->token != NULL ? strtol(r->token, NULL, 10) : 0;
	struct ab_str text = {"", 0};
	char name[1024], *end;
	ab_status rc;

	snprintf(name, sizeof(name), "%s.%ld", r->stream, n);
	rc = load(g, name, &text);
	if (rc == AB_ESTALE)
		return h->next(page, NULL);
	if (rc == AB_OK && text.len > 7 && memcmp(text.ptr, "about: ", 7) == 0 &&
	    (end = strchr(g->text, '\n')) != NULL) {
		*end = '\0';
		rc = h->about(page, text.ptr + 7);
		text = (struct ab_str){end + 1, text.len - (size_t)(end + 1 - text.ptr)};
	}
	if (rc == AB_OK && text.len > 0)
		rc = h->emit_text(page, text);
	snprintf(name, sizeof(name), "%ld", n + 1);
	return rc != AB_OK ? rc : h->next(page, is_there(g, r->stream, n + 1) ? name : NULL);
}

AB_CONNECTOR(.id = "given", .version = "1.0.0",
    .spec = "{\"type\": \"object\", \"required\": [\"folder\"], "
	    "\"properties\": {\"folder\": {\"type\": \"string\"}}}",
    .open = given_open, .close = given_close, .check = given_check, .streams = given_streams,
    .read_page = given_read_page);
