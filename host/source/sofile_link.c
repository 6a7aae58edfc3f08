/* sofile_link.c - symbols and relocations of a shared library's file; see sofile.h. */
#include <stdlib.h>
#include <string.h>

#include "source/sofile_internal.h"

#define MAX_TABLE_BYTES (64u << 20)
#define MAX_CHAIN	(1u << 20) /* symbols looked at for one name */

#if defined(__x86_64__)
#define RELATIVE R_X86_64_RELATIVE
#define ABSOLUTE R_X86_64_64
#define INDIRECT R_X86_64_IRELATIVE
#elif defined(__aarch64__)
#define RELATIVE R_AARCH64_RELATIVE
#define ABSOLUTE R_AARCH64_ABS64
#define INDIRECT R_AARCH64_IRELATIVE
#else
#define RELATIVE R_RISCV_RELATIVE
#define ABSOLUTE R_RISCV_64
#define INDIRECT R_RISCV_IRELATIVE
#endif
#ifndef DT_RELR /* glibc 2.35 and older: elf.h does not know it */
#define DT_RELRSZ 35
#define DT_RELR	  36
#endif

/* A table of the dynamic section, copied; *out NULL and 0 where there is none. */
static ab_status
read_table(const struct sofile *so, int where, int bytes, size_t entry, void **out, size_t *n,
    struct error *e)
{
	uint64_t size = so->tag[bytes];

	*out = NULL;
	*n = 0;
	if (so->tag[where] == 0 || size < entry)
		return AB_OK;
	if (size > MAX_TABLE_BYTES || (*out = malloc(size)) == NULL)
		return error_set(e, AB_ENOMEM, "its relocations are too many to read");
	if (sofile_read(so, so->tag[where], *out, size) != 0)
		return error_set(
		    e, AB_ECONFIG, "a damaged ELF file: its relocations are not in it");
	*n = size / entry;
	return AB_OK;
}

ab_status
sofile_read_relocations(struct sofile *so, struct error *e)
{
	void *rela, *relr = NULL;
	ab_status rc = read_table(so, DT_RELA, DT_RELASZ, sizeof(*so->rela), &rela, &so->nrela, e);

	so->rela = rela;
	if (rc == AB_OK)
		rc = read_table(so, DT_RELR, DT_RELRSZ, sizeof(*so->relr), &relr, &so->nrelr, e);
	so->relr = relr;
	return rc;
}

static int
read_symbol(const struct sofile *so, uint64_t i, Elf64_Sym *sym)
{
	return so->tag[DT_SYMTAB] == 0
	    ? -1
	    : sofile_read(so, so->tag[DT_SYMTAB] + i * sizeof(*sym), sym, sizeof(*sym));
}

static int
has_name(const struct sofile *so, const Elf64_Sym *sym, const char *name)
{
	char text[64];
	size_t n = strlen(name) + 1;

	return n <= sizeof(text) && so->tag[DT_STRTAB] != 0 &&
	    sofile_read(so, so->tag[DT_STRTAB] + sym->st_name, text, n) == 0 &&
	    memcmp(text, name, n) == 0;
}

static uint32_t
gnu_hash(const char *name)
{
	uint32_t h = 5381;

	for (; *name != '\0'; name++)
		h = h * 33 + (unsigned char)*name;
	return h;
}

/* Through DT_GNU_HASH: header, bloom filter, buckets, chains whose last entry is odd. */
static int
find_gnu(const struct sofile *so, const char *name, Elf64_Sym *sym)
{
	uint32_t head[4], i, entry, hash = gnu_hash(name);
	uint64_t buckets;

	if (sofile_read(so, so->gnu_hash, head, sizeof(head)) != 0 || head[0] == 0)
		return -1;
	buckets = so->gnu_hash + sizeof(head) + (uint64_t)head[2] * 8;
	if (sofile_read(so, buckets + (uint64_t)(hash % head[0]) * 4, &i, 4) != 0 || i < head[1])
		return -1;
	for (uint32_t steps = 0; steps < MAX_CHAIN; steps++, i++) {
		uint64_t at = buckets + (uint64_t)head[0] * 4 + (uint64_t)(i - head[1]) * 4;

		if (sofile_read(so, at, &entry, 4) != 0)
			return -1;
		if ((entry | 1) == (hash | 1) && read_symbol(so, i, sym) == 0 &&
		    has_name(so, sym, name))
			return 0;
		if (entry & 1)
			return -1;
	}
	return -1;
}

/* Through DT_HASH, which tells how many symbols there are: a look at each is enough. */
static int
find_sysv(const struct sofile *so, const char *name, Elf64_Sym *sym)
{
	uint32_t head[2];

	if (sofile_read(so, so->tag[DT_HASH], head, sizeof(head)) != 0)
		return -1;
	for (uint32_t i = 1; i < head[1] && i < MAX_CHAIN; i++)
		if (read_symbol(so, i, sym) != 0)
			return -1;
		else if (has_name(so, sym, name))
			return 0;
	return -1;
}

int
sofile_object(const struct sofile *so, const char *name, uint64_t *addr, uint64_t *size)
{
	Elf64_Sym sym;
	uint64_t offset;
	int rc = so->gnu_hash != 0  ? find_gnu(so, name, &sym)
	    : so->tag[DT_HASH] != 0 ? find_sysv(so, name, &sym)
				    : -1;

	if (rc != 0 || sym.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(sym.st_info) != STT_OBJECT ||
	    ELF64_ST_BIND(sym.st_info) == STB_LOCAL || sofile_span(so, sym.st_value, &offset) == 0)
		return -1;
	*addr = sym.st_value;
	*size = sym.st_size;
	return 0;
}

/* How many symbols stand in front of those that the hash table finds: those that are not defined here are among them. */
static uint32_t
count_unhashed(const struct sofile *so)
{
	uint32_t head[2] = {0, 0};
	uint64_t where = so->gnu_hash != 0 ? so->gnu_hash : so->tag[DT_HASH];

	if (where == 0 || sofile_read(so, where, head, sizeof(head)) != 0)
		return 0;
	return head[1] < MAX_CHAIN ? head[1] : MAX_CHAIN;
}

static int
imports(const struct sofile *so, const char *name, int only_end)
{
	size_t n = strlen(name);

	for (uint32_t i = 1, end = count_unhashed(so); i < end; i++) {
		Elf64_Sym sym;
		char *text;
		size_t len;
		int is_it;

		if (read_symbol(so, i, &sym) != 0)
			return 0;
		if (sym.st_shndx != SHN_UNDEF)
			continue;
		text = sofile_string(so, so->tag[DT_STRTAB] + sym.st_name, 65536);
		len = text != NULL ? strlen(text) : 0;
		is_it = text != NULL && (only_end ? len >= n : len == n) &&
		    memcmp(text + len - n, name, n) == 0;
		free(text);
		if (is_it)
			return 1;
	}
	return 0;
}

int
sofile_imports(const struct sofile *so, const char *name)
{
	return imports(so, name, 0);
}

int
sofile_imports_ending(const struct sofile *so, const char *end)
{
	return imports(so, end, 1);
}

/* What a linker adds by itself, or a sanitizer. */
static int
is_linkers(const char *name)
{
	static const char *const names[] = {
	    "_init", "_fini", "_edata", "_end", "__bss_start", "_start", "__data_start"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return 1;
	return strncmp(name, "__odr_asan", 10) == 0 || strncmp(name, "__asan_", 7) == 0;
}

static int
give_symbol(const struct sofile *so, const Elf64_Sym *sym,
    int (*each)(void *ctx, const struct sofile_symbol *s), void *ctx)
{
	int type = ELF64_ST_TYPE(sym->st_info), seen = ELF64_ST_VISIBILITY(sym->st_other), rc = 0;
	struct sofile_symbol s = {.addr = sym->st_value, .size = sym->st_size};

	if (sym->st_shndx == SHN_UNDEF || sym->st_shndx == SHN_ABS ||
	    ELF64_ST_BIND(sym->st_info) == STB_LOCAL ||
	    (seen != STV_DEFAULT && seen != STV_PROTECTED))
		return 0;
	s.name = sofile_string(so, so->tag[DT_STRTAB] + sym->st_name, 65536);
	if (s.name == NULL)
		return -1;
	s.is_function = type == STT_FUNC || type == STT_GNU_IFUNC;
	if (!is_linkers(s.name))
		rc = each(ctx, &s);
	free(s.name);
	return rc;
}

/* Those of one bucket; *left bounds the walk, for a chain may lead in a circle. */
static int
give_chain(const struct sofile *so, uint64_t chains, const uint32_t head[4], uint32_t i,
    uint32_t *left, int (*each)(void *ctx, const struct sofile_symbol *s), void *ctx)
{
	Elf64_Sym sym;
	uint32_t entry = 0;

	for (; (entry & 1) == 0; i++) {
		uint64_t at = chains + (uint64_t)(i - head[1]) * 4;

		if (i < head[1] || (*left)-- == 0 || sofile_read(so, at, &entry, 4) != 0 ||
		    read_symbol(so, i, &sym) != 0 || give_symbol(so, &sym, each, ctx) != 0)
			return -1;
	}
	return 0;
}

static int
give_gnu(const struct sofile *so, int (*each)(void *ctx, const struct sofile_symbol *s), void *ctx)
{
	uint32_t head[4], first, left = MAX_CHAIN;
	uint64_t buckets;

	if (sofile_read(so, so->gnu_hash, head, sizeof(head)) != 0 || head[0] > MAX_CHAIN)
		return -1;
	buckets = so->gnu_hash + sizeof(head) + (uint64_t)head[2] * 8;
	for (uint32_t i = 0; i < head[0]; i++) {
		if (sofile_read(so, buckets + (uint64_t)i * 4, &first, 4) != 0)
			return -1;
		if (first != 0 &&
		    give_chain(
			so, buckets + (uint64_t)head[0] * 4, head, first, &left, each, ctx) != 0)
			return -1;
	}
	return 0;
}

int
sofile_symbols(
    const struct sofile *so, int (*each)(void *ctx, const struct sofile_symbol *s), void *ctx)
{
	uint32_t head[2];
	Elf64_Sym sym;

	if (so->gnu_hash != 0)
		return give_gnu(so, each, ctx);
	if (so->tag[DT_HASH] == 0 || sofile_read(so, so->tag[DT_HASH], head, sizeof(head)) != 0 ||
	    head[1] > MAX_CHAIN)
		return -1;
	for (uint32_t i = 1; i < head[1]; i++)
		if (read_symbol(so, i, &sym) != 0 || give_symbol(so, &sym, each, ctx) != 0)
			return -1;
	return 0;
}

/* 1 where DT_RELR relocates the word at addr: an even entry is an address, an odd one a map of the 63 words behind. */
static int
in_relr(const struct sofile *so, uint64_t addr)
{
	uint64_t next = 0;

	for (size_t i = 0; i < so->nrelr; i++) {
		uint64_t entry = so->relr[i];

		if (!(entry & 1)) {
			if (entry == addr)
				return 1;
			next = entry + 8;
			continue;
		}
		if (addr >= next && addr - next < (uint64_t)63 * 8 && (addr - next) % 8 == 0 &&
		    (entry >> ((addr - next) / 8 + 1) & 1))
			return 1;
		next += (uint64_t)63 * 8;
	}
	return 0;
}

static enum sofile_pointer
relocate(const struct sofile *so, const Elf64_Rela *r, uint64_t *target)
{
	Elf64_Sym sym;

	switch (ELF64_R_TYPE(r->r_info)) {
	case RELATIVE:
		*target = (uint64_t)r->r_addend;
		return SOFILE_INSIDE;
	case INDIRECT:
		return SOFILE_EXTERN;
	case ABSOLUTE:
		if (read_symbol(so, ELF64_R_SYM(r->r_info), &sym) != 0)
			return SOFILE_WRONG;
		if (sym.st_shndx == SHN_UNDEF)
			return SOFILE_EXTERN;
		*target = sym.st_value + (uint64_t)r->r_addend;
		return SOFILE_INSIDE;
	default:
		return SOFILE_WRONG;
	}
}

enum sofile_pointer
sofile_pointer(const struct sofile *so, uint64_t addr, uint64_t *target)
{
	*target = 0;
	for (size_t i = so->nrela; i-- > 0;)
		if (so->rela[i].r_offset == addr)
			return relocate(so, &so->rela[i], target);
	if (sofile_read(so, addr, target, sizeof(*target)) != 0)
		return SOFILE_WRONG;
	if (in_relr(so, addr))
		return SOFILE_INSIDE;
	return *target == 0 ? SOFILE_NULL : SOFILE_WRONG;
}
