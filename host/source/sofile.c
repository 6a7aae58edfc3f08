/* sofile.c - see sofile.h: headers, segments and the dynamic section; sofile_link.c has symbols and relocations. */
#include "source/sofile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/sofile_internal.h"

#define MAX_HEADERS 512u
#define MAX_DYNAMIC 4096u
#define MAX_SEGMENT ((uint64_t)256 << 20)

#if defined(__x86_64__)
#define OUR_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OUR_MACHINE EM_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define OUR_MACHINE EM_RISCV
#else
#error "sofile.c does not know this machine's ELF"
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OUR_DATA ELFDATA2LSB
#else
#define OUR_DATA ELFDATA2MSB
#endif

static const char *
machine_name(unsigned machine)
{
	switch (machine) {
	case EM_X86_64:
		return "x86-64";
	case EM_AARCH64:
		return "AArch64";
	case EM_RISCV:
		return "RISC-V";
	case EM_386:
		return "i386";
	case EM_ARM:
		return "ARM";
	default:
		return "another machine";
	}
}

static ab_status
check_header(Elf *elf, struct error *e)
{
	const char *ident = elf_getident(elf, NULL);
	GElf_Ehdr header;

	if (ident == NULL || elf_kind(elf) != ELF_K_ELF || gelf_getehdr(elf, &header) == NULL)
		return error_set(
		    e, AB_ECONFIG, "not an ELF file (a connector is a shared library, .so)");
	if (header.e_machine != OUR_MACHINE || ident[EI_CLASS] != ELFCLASS64 ||
	    ident[EI_DATA] != OUR_DATA)
		return error_set(e, AB_ECONFIG,
		    "built for %s%s, but this abhost is for %s: build it for this machine",
		    machine_name(header.e_machine),
		    ident[EI_CLASS] != ELFCLASS64 ? " (32 bits)" : "", machine_name(OUR_MACHINE));
	if (header.e_type != ET_DYN)
		return error_set(
		    e, AB_ECONFIG, "an ELF file, but not a shared library: link it with -shared");
	return AB_OK;
}

static void
note_segment(struct sofile *so, const GElf_Phdr *p)
{
	if (p->p_type == PT_LOAD) {
		so->load[so->nload++] = *p;
		if ((p->p_flags & PF_W) && (p->p_flags & PF_X))
			so->traits |= SOFILE_WRITABLE_CODE;
	} else if (p->p_type == PT_GNU_RELRO) {
		so->traits |= SOFILE_RELRO;
	} else if (p->p_type == PT_GNU_STACK && !(p->p_flags & PF_X)) {
		so->traits &= ~(unsigned)SOFILE_EXEC_STACK;
	}
}

static ab_status
read_segments(struct sofile *so, GElf_Phdr *dynamic, struct error *e)
{
	size_t n;

	dynamic->p_type = PT_NULL;
	if (elf_getphdrnum(so->elf, &n) != 0 || n == 0 || n > MAX_HEADERS)
		return error_set(
		    e, AB_ECONFIG, "a damaged ELF file: its program headers are missing");
	so->load = calloc(n, sizeof(*so->load));
	if (so->load == NULL)
		return error_set(e, AB_ENOMEM, "no memory");
	so->traits = SOFILE_EXEC_STACK; /* until a header says otherwise */
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr p;

		if (gelf_getphdr(so->elf, (int)i, &p) == NULL)
			return error_set(e, AB_ECONFIG,
			    "a damaged ELF file: program header %zu cannot be read", i);
		note_segment(so, &p);
		if (p.p_type == PT_DYNAMIC)
			*dynamic = p;
	}
	return AB_OK;
}

static void
note_dynamic(struct sofile *so, const Elf64_Dyn *d)
{
	uint64_t v = d->d_un.d_val;

	if (d->d_tag >= 0 && d->d_tag < SOFILE_TAGS)
		so->tag[d->d_tag] = v;
	if (d->d_tag == DT_GNU_HASH)
		so->gnu_hash = v;
	if (d->d_tag == DT_NEEDED && so->nneeded < SOFILE_MAX_NEEDED)
		so->needed[so->nneeded++] = v;
	if ((d->d_tag == DT_FLAGS && (v & DF_BIND_NOW)) ||
	    (d->d_tag == DT_FLAGS_1 && (v & DF_1_NOW)) || d->d_tag == DT_BIND_NOW)
		so->traits |= SOFILE_BIND_NOW;
	if (d->d_tag == DT_TEXTREL || (d->d_tag == DT_FLAGS && (v & DF_TEXTREL)))
		so->traits |= SOFILE_TEXTREL;
	if (d->d_tag == DT_RUNPATH || d->d_tag == DT_RPATH)
		so->traits |= SOFILE_RUNPATH;
}

static ab_status
read_dynamic(struct sofile *so, const GElf_Phdr *dynamic, struct error *e)
{
	if (dynamic->p_type != PT_DYNAMIC)
		return error_set(
		    e, AB_ECONFIG, "an ELF file without a dynamic section: link it with -shared");
	for (uint64_t i = 0; i < MAX_DYNAMIC && i < dynamic->p_memsz / sizeof(Elf64_Dyn); i++) {
		Elf64_Dyn d;

		if (sofile_read(so, dynamic->p_vaddr + i * sizeof(d), &d, sizeof(d)) != 0)
			return error_set(
			    e, AB_ECONFIG, "a damaged ELF file: its dynamic section is not in it");
		if (d.d_tag == DT_NULL)
			break;
		note_dynamic(so, &d);
	}
	return AB_OK;
}

ab_status
sofile_open(int fd, struct sofile **out, struct error *e)
{
	struct sofile *so = calloc(1, sizeof(*so));
	GElf_Phdr dynamic;
	struct stat st;
	ab_status rc;

	*out = NULL;
	if (so == NULL || elf_version(EV_CURRENT) == EV_NONE) {
		free(so);
		return error_set(e, AB_ENOMEM, "no memory, or a libelf that is too old");
	}
	so->fd = fd;
	so->elf = elf_begin(fd, ELF_C_READ, NULL);
	if (fstat(fd, &st) != 0 || st.st_size < 0)
		rc = error_set(e, AB_ECONFIG, "cannot be read: %s", strerror(errno));
	else
		rc = check_header(so->elf, e);
	if (rc == AB_OK) {
		so->size = (uint64_t)st.st_size;
		rc = read_segments(so, &dynamic, e);
	}
	if (rc == AB_OK)
		rc = read_dynamic(so, &dynamic, e);
	if (rc == AB_OK)
		rc = sofile_read_relocations(so, e);
	if (rc == AB_OK)
		*out = so;
	else
		sofile_close(so);
	return rc;
}

void
sofile_close(struct sofile *so)
{
	if (so == NULL)
		return;
	elf_end(so->elf);
	free(so->load);
	free(so->rela);
	free(so->relr);
	free(so);
}

size_t
sofile_span(const struct sofile *so, uint64_t addr, uint64_t *offset)
{
	for (size_t i = 0; i < so->nload; i++) {
		const GElf_Phdr *p = &so->load[i];
		uint64_t into = addr - p->p_vaddr;

		if (addr < p->p_vaddr || into >= p->p_filesz || !(p->p_flags & PF_R))
			continue;
		if (p->p_offset > so->size || p->p_filesz > so->size - p->p_offset)
			return 0;
		*offset = p->p_offset + into;
		return (size_t)(p->p_filesz - into);
	}
	return 0;
}

int
sofile_read(const struct sofile *so, uint64_t addr, void *out, size_t n)
{
	char *to = out;
	uint64_t offset = 0;

	if (n > sofile_span(so, addr, &offset))
		return -1;
	while (n > 0) {
		ssize_t got = pread(so->fd, to, n, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		to += got;
		offset += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

char *
sofile_string(const struct sofile *so, uint64_t addr, size_t max)
{
	uint64_t offset;
	size_t span = sofile_span(so, addr, &offset), len = 0, step;
	char *text = NULL, *grown, *end = NULL;

	if (span > max)
		span = max;
	while (end == NULL && len < span) {
		step = span - len < 4096 ? span - len : 4096;
		grown = realloc(text, len + step);
		if (grown == NULL || sofile_read(so, addr + len, grown + len, step) != 0) {
			free(grown != NULL ? grown : text);
			return NULL;
		}
		text = grown;
		end = memchr(text + len, '\0', step);
		len += step;
	}
	if (end == NULL) {
		free(text);
		return NULL;
	}
	return text;
}

char *
sofile_needed(const struct sofile *so, size_t i)
{
	return i < so->nneeded ? sofile_string(so, so->tag[DT_STRTAB] + so->needed[i], 4096) : NULL;
}

/* The texts of one segment, which is read as a whole. */
static int
segment_texts(const struct sofile *so, const GElf_Phdr *p, char first, size_t max,
    int (*each)(void *ctx, const char *text), void *ctx)
{
	char *bytes = p->p_filesz > MAX_SEGMENT ? NULL : malloc(p->p_filesz + 1), *at, *end;
	int rc = bytes == NULL ? -1 : 0;

	if (rc == 0 && sofile_read(so, p->p_vaddr, bytes, p->p_filesz) == 0) {
		bytes[p->p_filesz] = '\0';
		end = bytes + p->p_filesz;
		for (at = bytes; at < end && rc == 0; at += strlen(at) + 1)
			if (*at == first && strlen(at) <= max)
				rc = each(ctx, at);
	}
	free(bytes);
	return rc;
}

int
sofile_texts(const struct sofile *so, char first, size_t max,
    int (*each)(void *ctx, const char *text), void *ctx)
{
	int rc = 0;

	for (size_t i = 0; i < so->nload && rc == 0; i++)
		if ((so->load[i].p_flags & (PF_R | PF_W)) == PF_R && so->load[i].p_filesz > 0)
			rc = segment_texts(so, &so->load[i], first, max, each, ctx);
	return rc;
}

unsigned
sofile_traits(const struct sofile *so)
{
	return so->traits;
}
