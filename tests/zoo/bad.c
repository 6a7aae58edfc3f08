/* bad.c - connectors that must not be called at all: each is this file with one macro defined. */
#include <signal.h>
#include <stdlib.h>

#include <abhost/connector.h>

static ab_status
never_open(struct ab_host *h, void **self)
{
	(void)h;
	(void)self;
	abort(); /* a descriptor like ours must not be used */
}

static void
never_close(void *self)
{
	(void)self;
	abort();
}

static ab_status
never_check(void *self)
{
	(void)self;
	abort();
}

static ab_status
never_streams(void *self, struct ab_catalog *c)
{
	(void)self;
	(void)c;
	abort();
}

#ifdef BAD_MISSING_SYMBOL
ab_status abhost_test_nowhere(void *self, const struct ab_read *r, struct ab_page *p);
#define never_read abhost_test_nowhere
#elif defined(BAD_NULL)
#define never_read NULL
#else
static ab_status
never_read(void *self, const struct ab_read *r, struct ab_page *p)
{
	(void)self;
	(void)r;
	(void)p;
	abort();
}
#endif

#ifdef BAD_CONSTRUCTOR
__attribute__((constructor)) static void
crash(void)
{
	raise(SIGSEGV);
}
#endif

#ifdef BAD_NO_SYMBOL
#define ab_connector_v1 something_else
extern __attribute__((visibility("default"))) const struct ab_connector something_else;
#endif

const struct ab_connector ab_connector_v1 = {
#ifdef BAD_MAGIC
    .magic = 0x32434241u,
#else
    .magic = AB_MAGIC,
#endif
#ifdef BAD_SIZE
    .size = 40,
#else
    .size = sizeof(struct ab_connector),
#endif
#ifdef BAD_ABI
    .abi = AB_VERSION(2, 3),
#else
    .abi = AB_ABI,
#endif
#ifdef BAD_MIN_HOST
    .min_host = AB_VERSION(1, 77),
#else
    .min_host = AB_VERSION(1, 0),
#endif
    .id = "bad",
    .version = "0.1.0",
#ifdef BAD_SPEC
    .spec = "{not JSON",
#else
    .spec = "{\"type\": \"object\"}",
#endif
    .open = never_open,
    .close = never_close,
    .check = never_check,
    .streams = never_streams,
    .read_page = never_read,
};
