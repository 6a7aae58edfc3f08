/* load.c - see load.h. */
#include "config.h"

#include "worker/load.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define SYMBOL	   "ab_connector_v1"
#define HEAD_BYTES 16u	  /* magic, size, abi, min_host: frozen */
#define TABLE_MAX  65536u /* a larger size is rubbish, not a future */

static unsigned
major_of(uint32_t version)
{
	return version >> 16;
}

static unsigned
minor_of(uint32_t version)
{
	return version & 0xffff;
}

static ab_status
check_head(const struct ab_connector *c, const char *name, struct error *e)
{
	if (c->magic == LOAD_DRAFT_MAGIC)
		return error_set(e, AB_EUNSUPPORTED,
		    "%s was built before connector ABI 1.0 was frozen; build it again with this "
		    "abhost's SDK, once and for all",
		    name);
	if (c->magic != AB_MAGIC)
		return error_set(e, AB_EUNSUPPORTED,
		    "%s: its %s begins with magic 0x%08x, that of a connector is 0x%08x; fill it with "
		    "AB_MAGIC of abhost/abi.h",
		    name, SYMBOL, c->magic, AB_MAGIC);
	if (major_of(c->abi) != major_of(AB_ABI))
		return error_set(e, AB_EUNSUPPORTED,
		    "%s was built for connector ABI %u.%u, this abhost speaks %u.%u; use an abhost "
		    "that speaks %u, or build it again with this SDK",
		    name, major_of(c->abi), minor_of(c->abi), major_of(AB_ABI), minor_of(AB_ABI),
		    major_of(c->abi));
	if (c->min_host > AB_ABI)
		return error_set(e, AB_EUNSUPPORTED,
		    "%s needs a host with connector ABI %u.%u, this abhost speaks %u.%u; "
		    "install a newer abhost",
		    name, major_of(c->min_host), minor_of(c->min_host), major_of(AB_ABI),
		    minor_of(AB_ABI));
	if (c->size < LOAD_SIZE_1_0 || c->size > TABLE_MAX)
		return error_set(e, AB_EUNSUPPORTED,
		    "%s: its %s says it has %u bytes, ABI 1.0 needs %zu; build it with "
		    "AB_CONNECTOR of abhost/connector.h",
		    name, SYMBOL, c->size, LOAD_SIZE_1_0);
	if (c->size % sizeof(void *) != 0)
		return error_set(e, AB_EUNSUPPORTED,
		    "%s: its %s says it has %u bytes, which ends in the middle of a pointer; size is "
		    "sizeof(struct ab_connector)",
		    name, SYMBOL, c->size);
	return AB_OK;
}

static ab_status
check_functions(const struct ab_connector *c, const char *name, struct error *e)
{
	const char *missing = c->id == NULL || c->id[0] == '\0' ? "id"
	    : c->version == NULL				? "version"
	    : c->spec == NULL					? "spec"
	    : c->open == NULL					? "open"
	    : c->close == NULL					? "close"
	    : c->check == NULL					? "check"
	    : c->streams == NULL				? "streams"
	    : c->read_page == NULL				? "read_page"
								: NULL;

	if (missing == NULL)
		return AB_OK;
	return error_set(e, AB_EUNSUPPORTED,
	    "%s: its %s has no %s (it is NULL), which every "
	    "connector needs",
	    name, SYMBOL, missing);
}

ab_status
load_table(const void *found, const char *name, struct ab_connector *out, struct error *e)
{
	const struct ab_connector *c = found;
	ab_status rc;

	memset(out, 0, sizeof(*out));
	memcpy(out, c, HEAD_BYTES);
	rc = check_head(out, name, e);
	if (rc != AB_OK)
		return rc;
	/* A tail that we do not know is governed by min_host, so it may be there. */
	memcpy(out, c, c->size < sizeof(*out) ? c->size : sizeof(*out));
	return check_functions(out, name, e);
}

/* dlerror's text, without the descriptor's name in front of it. */
static const char *
load_error(const char *path)
{
	const char *text = dlerror();
	size_t n = strlen(path);

	if (text == NULL)
		return "unknown error";
	return strncmp(text, path, n) == 0 && strncmp(text + n, ": ", 2) == 0 ? text + n + 2 : text;
}

ab_status
load_connector(int fd, const char *name, struct ab_connector *out, struct error *e)
{
	char path[64];
	const void *found;
	void *handle;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (handle == NULL)
		return error_set(e, AB_ECONFIG, "cannot load %s: %s", name, load_error(path));
	found = dlsym(handle, SYMBOL);
	if (found == NULL)
		return error_set(e, AB_ECONFIG, "%s is no abhost connector: it does not export %s",
		    name, SYMBOL);
	return load_table(found, name, out, e);
}
