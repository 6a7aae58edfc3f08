/* sofile_internal.h - what sofile.c and sofile_link.c share; nobody else includes it. */
#ifndef ABHOST_SOFILE_INTERNAL_H
#define ABHOST_SOFILE_INTERNAL_H
#include <gelf.h>

#include "source/sofile.h"

#define SOFILE_TAGS	  40 /* dynamic tags below this are kept by number, DT_RELR included */
#define SOFILE_MAX_NEEDED 128

struct sofile {
	int fd;
	uint64_t size; /* of the file */
	Elf *elf;
	GElf_Phdr *load; /* the PT_LOAD segments */
	size_t nload;
	uint64_t tag[SOFILE_TAGS], gnu_hash;
	uint64_t needed[SOFILE_MAX_NEEDED]; /* offsets in the string table */
	size_t nneeded;
	unsigned traits;
	Elf64_Rela *rela;
	uint64_t *relr;
	size_t nrela, nrelr;
};

/* How many bytes stand in the file from this address to the end of its readable segment, and where. */
size_t sofile_span(const struct sofile *so, uint64_t addr, uint64_t *offset);
ab_status sofile_read_relocations(struct sofile *so, struct error *e);
#endif
