/* A connector that says who it is and does nothing; tests/loader.c patches copies of its file. */
#include <abhost/connector.h>

static ab_status
noop_open(struct ab_host *h, void **self)
{
	(void)h;
	*self = NULL;
	return AB_OK;
}

static void
noop_close(void *self)
{
	(void)self;
}

static ab_status
noop_check(void *self)
{
	(void)self;
	return AB_OK;
}

static ab_status
noop_streams(void *self, struct ab_catalog *catalog)
{
	(void)self;
	(void)catalog;
	return AB_OK;
}

static ab_status
noop_read_page(void *self, const struct ab_read *r, struct ab_page *page)
{
	(void)self;
	(void)r;
	(void)page;
	return AB_OK;
}

/* Loading must never happen: it would end the test. */
__attribute__((constructor)) static void
loaded(void)
{
	__builtin_trap();
}

AB_CONNECTOR(.id = "loader-so", .version = "1.2.3", .spec = "{\"type\": \"object\"}",
    .open = noop_open, .close = noop_close, .check = noop_check, .streams = noop_streams,
    .read_page = noop_read_page);
