/* descriptor.c - the ab_connector_v1 of a file: magic, size and versions first, then what it points to. */
#include <stdlib.h>
#include <string.h>

#include "source/loader_internal.h"
#include "source/sofile.h"
#include "worker/load.h"

#define MAX_VERSION 64u
#define MAX_SPEC    (4u << 20)
#define SYMBOL	    "ab_connector_v1"

static const struct {
	const char *name;
	size_t offset;
} required[] = {
    {"open", offsetof(struct ab_connector, open)},
    {"close", offsetof(struct ab_connector, close)},
    {"check", offsetof(struct ab_connector, check)},
    {"streams", offsetof(struct ab_connector, streams)},
    {"read_page", offsetof(struct ab_connector, read_page)},
};

const char *
loader_function(unsigned i)
{
	return i < sizeof(required) / sizeof(required[0]) ? required[i].name : NULL;
}

static unsigned
major_of(uint32_t abi)
{
	return abi >> 16;
}

static unsigned
minor_of(uint32_t abi)
{
	return abi & 0xffff;
}

static void
magic_text(uint32_t magic, char out[16])
{
	static const char hex[] = "0123456789abcdef";
	char *p = out;

	for (int i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)(magic >> (8 * i));

		if (c >= 0x21 && c < 0x7f && c != '\\' && c != '"') {
			*p++ = (char)c;
		} else {
			*p++ = '\\';
			*p++ = hex[c >> 4];
			*p++ = hex[c & 15];
		}
	}
	*p = '\0';
}

/* The frozen head: {magic, size, abi, min_host}. */
static ab_status
check_head(struct loader_file *f, const uint32_t head[4], uint64_t symbol_size, struct error *e)
{
	unsigned major = major_of(head[2]), ours = major_of(AB_ABI);
	char theirs[16], wanted[16];

	if (head[0] == LOAD_DRAFT_MAGIC)
		return error_set(e, AB_EUNSUPPORTED,
		    "it was built before ABI 1.0 was frozen: build it again with the SDK of this abhost, once and "
		    "for all");
	if (head[0] != AB_MAGIC) {
		magic_text(head[0], theirs);
		magic_text(AB_MAGIC, wanted);
		return error_set(e, AB_EUNSUPPORTED,
		    "its magic is \"%s\", that of a connector is \"%s\": fill it with AB_MAGIC of "
		    "abhost/abi.h",
		    theirs, wanted);
	}
	f->abi = head[2];
	f->min_host = head[3];
	if (major != ours)
		return error_set(e, AB_EUNSUPPORTED,
		    "built for ABI %u.%u, this abhost has ABI %u.%u: %s", major, minor_of(head[2]),
		    ours, minor_of(AB_ABI),
		    major > ours ? "use a newer abhost, or build it with the SDK of this one"
				 : "build it again with the SDK of this abhost");
	if (head[3] > AB_ABI)
		return error_set(e, AB_EUNSUPPORTED,
		    "needs an abhost with ABI %u.%u, this one has ABI %u.%u: use a newer abhost, or build it "
		    "with a lower AB_TARGET",
		    major_of(head[3]), minor_of(head[3]), ours, minor_of(AB_ABI));
	if (head[1] < LOAD_SIZE_1_0 || head[1] > symbol_size)
		return error_set(e, AB_ECONFIG,
		    "its table says it has %u bytes (ABI 1.0 has %zu, the file %llu): its build is broken",
		    head[1], LOAD_SIZE_1_0, (unsigned long long)symbol_size);
	if (head[1] % sizeof(void *) != 0)
		return error_set(e, AB_ECONFIG,
		    "its table says it has %u bytes, which ends in the middle of a pointer: size is "
		    "sizeof(struct ab_connector)",
		    head[1]);
	return AB_OK;
}

static ab_status
read_text(const struct sofile *so, uint64_t table, size_t offset, const char *what, size_t max,
    char **out, struct error *e)
{
	uint64_t target;
	enum sofile_pointer kind = sofile_pointer(so, table + offset, &target);

	if (kind == SOFILE_NULL)
		return error_set(e, AB_ECONFIG, "its table has no %s: set .%s", what, what);
	*out = kind == SOFILE_INSIDE ? sofile_string(so, target, max + 1) : NULL;
	if (*out == NULL)
		return error_set(e, AB_ECONFIG,
		    "its %s cannot be read from the file: it must be a constant text of at most %zu bytes",
		    what, max);
	return AB_OK;
}

static int
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

int
loader_is_id(const char *id)
{
	const char *p = id;

	while (is_alnum(*p) || (p > id && *p != '\0' && strchr("-_.", *p) != NULL))
		p++;
	return *p == '\0' && p > id && (size_t)(p - id) <= LOADER_MAX_ID;
}

static ab_status
check_words(const struct loader_file *f, struct error *e)
{
	const char *p;

	if (!loader_is_id(f->id))
		return error_set(e, AB_ECONFIG,
		    "its id is not a plain word: letters, digits, '-', '_' and '.', a letter or digit first");
	for (p = f->version; is_alnum(*p) || (*p != '\0' && strchr("-_.+~", *p) != NULL);)
		p++;
	if (*p != '\0' || p == f->version)
		return error_set(e, AB_ECONFIG,
		    "its version is not a plain word like 1.2.3 (no blanks, no controls)");
	return AB_OK;
}

static int
is_there(const struct sofile *so, uint64_t table, size_t offset)
{
	uint64_t target;
	enum sofile_pointer kind = sofile_pointer(so, table + offset, &target);

	return kind == SOFILE_INSIDE || kind == SOFILE_EXTERN;
}

static ab_status
read_functions(struct loader_file *f, const struct sofile *so, uint64_t table, struct error *e)
{
	const char *first = NULL;

	for (unsigned i = 0; loader_function(i) != NULL; i++)
		if (!is_there(so, table, required[i].offset)) {
			f->missing |= 1u << i;
			first = first != NULL ? first : loader_function(i);
		}
	f->has_partitions = is_there(so, table, offsetof(struct ab_connector, partitions));
	f->has_update_state = is_there(so, table, offsetof(struct ab_connector, update_state));
	if (f->missing != 0)
		return error_set(e, AB_ECONFIG,
		    "its function %s is NULL%s: a connector must have it", first,
		    f->missing & (f->missing - 1) ? " (and it is not the only one)" : "");
	return AB_OK;
}

static void
read_needed(struct loader_file *f, const struct sofile *so)
{
	size_t n = 0;
	char *name;

	while ((name = sofile_needed(so, n)) != NULL) {
		char **grown = realloc(f->needed, (n + 2) * sizeof(*grown));

		if (grown == NULL) {
			free(name);
			return;
		}
		f->needed = grown;
		f->needed[n++] = name;
		f->needed[n] = NULL;
	}
}

static ab_status
read_table(struct loader_file *f, const struct sofile *so, struct error *e)
{
	uint64_t table, size;
	uint32_t head[4];
	ab_status rc;

	if (sofile_object(so, SYMBOL, &table, &size) != 0)
		return error_set(e, AB_ECONFIG,
		    "not a connector: it exports no data object " SYMBOL
		    " (see AB_CONNECTOR in abhost/connector.h)");
	f->stage = LOADER_TABLE;
	if (size < sizeof(head) || sofile_read(so, table, head, sizeof(head)) != 0)
		return error_set(e, AB_ECONFIG, "its " SYMBOL " is cut short");
	rc = check_head(f, head, size, e);
	if (rc == AB_OK)
		f->stage = LOADER_HEAD;
	if (rc == AB_OK)
		rc = read_text(
		    so, table, offsetof(struct ab_connector, id), "id", LOADER_MAX_ID, &f->id, e);
	if (rc == AB_OK)
		rc = read_text(so, table, offsetof(struct ab_connector, version), "version",
		    MAX_VERSION, &f->version, e);
	if (rc == AB_OK)
		rc = check_words(f, e);
	if (rc == AB_OK)
		rc = read_text(
		    so, table, offsetof(struct ab_connector, spec), "spec", MAX_SPEC, &f->spec, e);
	if (rc == AB_OK) {
		f->stage = LOADER_TEXTS;
		rc = read_functions(f, so, table, e);
	}
	if (rc == AB_OK)
		f->stage = LOADER_WHOLE;
	return rc;
}

ab_status
descriptor_read(struct loader_file *f, struct error *e)
{
	struct sofile *so;
	ab_status rc = sofile_open(f->fd, &so, e);

	if (rc != AB_OK)
		return rc;
	f->stage = LOADER_LIBRARY;
	f->traits = sofile_traits(so);
	read_needed(f, so);
	rc = read_table(f, so, e);
	sofile_close(so);
	return rc;
}
