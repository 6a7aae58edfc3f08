/* sofile.h - a look into a shared library's file, as the dynamic linker would see it, without loading it.
 *
 * Only what ld.so itself goes by is trusted to mean something: program headers, the dynamic section, its hash
 * table and relocations; section headers are never read.  The file is hostile input: every address, size and count
 * is checked against the file before it is used, and it is read with pread, never mapped, so that a file that
 * shrinks meanwhile is an error and not a signal.  Not thread-safe. */
#ifndef ABHOST_SOFILE_H
#define ABHOST_SOFILE_H
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct sofile;

enum { /* sofile_traits */
	SOFILE_RELRO = 1,
	SOFILE_BIND_NOW = 2,
	SOFILE_EXEC_STACK = 4,
	SOFILE_TEXTREL = 8,
	SOFILE_WRITABLE_CODE = 16,
	SOFILE_RUNPATH = 32
};

enum sofile_pointer {
	SOFILE_NULL,   /* a null pointer */
	SOFILE_INSIDE, /* *target is an address in this library */
	SOFILE_EXTERN, /* bound when it is loaded, to another library */
	SOFILE_WRONG   /* not a pointer at all */
};

/* Reads the headers of an open file, which stays the caller's and must outlive the sofile. AB_ECONFIG where it is no
 * shared library, or none for this machine. */
ab_status sofile_open(int fd, struct sofile **out, struct error *e);
void sofile_close(struct sofile *so); /* NULL is fine */
/* Where an exported data object of this name lies, and how large it is. -1: there is none. */
int sofile_object(const struct sofile *so, const char *name, uint64_t *addr, uint64_t *size);
/* n bytes at an address, as they stand in the file. -1: they are not all in one readable segment. */
int sofile_read(const struct sofile *so, uint64_t addr, void *out, size_t n);
/* What the pointer at an address is once relocations are done. */
enum sofile_pointer sofile_pointer(const struct sofile *so, uint64_t addr, uint64_t *target);
/* The text at an address, malloc'ed; NULL: it does not end within `max` bytes and its segment. */
char *sofile_string(const struct sofile *so, uint64_t addr, size_t max);
/* The i-th library that it needs (DT_NEEDED), malloc'ed, or NULL behind the last one. */
char *sofile_needed(const struct sofile *so, size_t i);
/* A symbol that other libraries can see. */
struct sofile_symbol {
	char *name;
	int is_function;
	uint64_t addr, size;
};
/* Each of them, in no order; the name lives until `each` returns.  -1: the table cannot be read, or `each` said so. */
int sofile_symbols(
    const struct sofile *so, int (*each)(void *ctx, const struct sofile_symbol *s), void *ctx);
/* Each text that begins with this byte and has at most `max` bytes, in data that is not written to.  `each` must not keep
 * it. -1: no memory, or `each` said so. */
int sofile_texts(const struct sofile *so, char first, size_t max,
    int (*each)(void *ctx, const char *text), void *ctx);
unsigned sofile_traits(const struct sofile *so);
/* Is there, among the symbols that other libraries are to bring, one of this name, or with this end ("_chk")?  A look at
 * each of them. */
int sofile_imports(const struct sofile *so, const char *name);
int sofile_imports_ending(const struct sofile *so, const char *end);
#endif
