/* Laws of loader and sofile: a connector's file says who it is without being run; no file, however hostile, does
 * more than be refused with a sentence. */
#define _GNU_SOURCE
#include "suite.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/install.h"
#include "source/loader.h"
#include "source/sofile.h"
#include "worker/load.h"

static char dir[32];
static char path[128]; /* of the patched copy */
static unsigned char *bytes;
static size_t nbytes;
static struct loader_file file;
static struct error error;

static void
read_original(const char *name)
{
	char full[4096];
	FILE *f;

	snprintf(full, sizeof(full), "%s/tests/%s", getenv("top_builddir"), name);
	f = fopen(full, "rb");
	ck_assert_msg(f != NULL, "cannot open %s", full);
	bytes = malloc(1 << 20);
	nbytes = fread(bytes, 1, 1 << 20, f);
	ck_assert_uint_gt(nbytes, 1000);
	fclose(f);
}

static void
write_copy(size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	close(fd);
}

static void
setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/abhost-loader-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/loader-so.so", dir);
	read_original("loader-so.so");
	write_copy(nbytes);
	file.fd = -1;
}

static void
teardown(void)
{
	loader_file_fini(&file);
	unlink(path);
	rmdir(dir);
	free(bytes);
}

static ab_status
find(const char *name)
{
	loader_file_fini(&file);
	error_clear(&error);
	return loader_find(name, &file, &error);
}

static void
refused(const char *name, ab_status status, const char *words)
{
	ab_status rc = find(name);

	ck_assert_msg(rc == status, "%d: %s", rc, error.text);
	ck_assert_int_eq(error.status, rc);
	ck_assert_msg(strstr(error.text, words) != NULL, "no \"%s\" in: %s", words, error.text);
}

/* Where the table's head stands in the file. */
static uint32_t *
head(void)
{
	uint32_t want[2] = {AB_MAGIC, sizeof(struct ab_connector)};
	void *at = memmem(bytes, nbytes, want, sizeof(want));

	ck_assert_ptr_nonnull(at);
	return at;
}

/* The relocation of the table's word `offset`: those of one table are in a row in .rela.dyn, so look for the id's. */
static Elf64_Rela *
relocation(size_t offset)
{
	Elf64_Ehdr *eh = (Elf64_Ehdr *)bytes;
	Elf64_Phdr *ph = (Elf64_Phdr *)(bytes + eh->e_phoff);
	uint64_t in_file = (uint64_t)((unsigned char *)head() - bytes) + offset, addr = 0;

	for (int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD && in_file >= ph[i].p_offset &&
		    in_file < ph[i].p_offset + ph[i].p_filesz)
			addr = in_file - ph[i].p_offset + ph[i].p_vaddr;
	for (size_t i = 0; i + sizeof(Elf64_Rela) <= nbytes; i += 8) {
		Elf64_Rela *r = (Elf64_Rela *)(bytes + i);

		if (r->r_offset == addr && r->r_addend > 0 && (uint64_t)r->r_addend < nbytes * 16)
			return r;
	}
	ck_abort_msg("no relocation for word %zu of the table", offset / 8);
	return NULL;
}

/* The file says that the table is so much larger: what stands behind it counts as its tail. */
static void
grow_symbol(uint64_t by)
{
	int found = 0;

	for (size_t i = 0; i + sizeof(Elf64_Sym) <= nbytes; i += 8) {
		Elf64_Sym *sym = (Elf64_Sym *)(bytes + i);

		if (sym->st_size != sizeof(struct ab_connector) || sym->st_other > STV_PROTECTED ||
		    ELF64_ST_TYPE(sym->st_info) != STT_OBJECT)
			continue;
		sym->st_size += by;
		found++;
	}
	ck_assert_int_ge(found, 1);
}

START_TEST(a_connector_says_who_it_is)
{
	ck_assert_msg(find(path) == AB_OK, "%s", error.text);
	ck_assert_str_eq(file.id, "loader-so");
	ck_assert_str_eq(file.version, "1.2.3");
	ck_assert_str_eq(file.spec, "{\"type\": \"object\"}");
	ck_assert_uint_eq(file.abi, AB_ABI);
	ck_assert_uint_eq(file.missing, 0);
	ck_assert_int_eq(file.has_partitions, 0);
	ck_assert_int_eq(file.has_update_state, 0);
	ck_assert_int_ge(file.fd, 0);
	ck_assert_int_eq(fcntl(file.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(file.traits & (SOFILE_EXEC_STACK | SOFILE_WRITABLE_CODE), 0);
}
END_TEST

START_TEST(packed_relocations_are_read_too)
{
	free(bytes);
	read_original("loader-relr.so");
	write_copy(nbytes);
	ck_assert_msg(find(path) == AB_OK, "%s", error.text);
	ck_assert_str_eq(file.id, "loader-so");
	ck_assert_uint_eq(file.missing, 0);
}
END_TEST

START_TEST(versions_are_decided_by_the_head)
{
	uint32_t *h = head();

	h[0] = 0x32434241;
	write_copy(nbytes);
	refused(path, AB_EUNSUPPORTED, "its magic is \"ABC2\", that of a connector is \"ABC1\"");
	h[0] = LOAD_DRAFT_MAGIC;
	write_copy(nbytes);
	refused(path, AB_EUNSUPPORTED,
	    "built before ABI 1.0 was frozen: build it again with the SDK of this abhost");
	h[0] = AB_MAGIC;
	h[2] = h[3] = AB_VERSION(2, 1);
	write_copy(nbytes);
	refused(path, AB_EUNSUPPORTED,
	    "built for ABI 2.1, this abhost has ABI 1.0: use a newer abhost");
	h[2] = AB_VERSION(0, 9);
	write_copy(nbytes);
	refused(
	    path, AB_EUNSUPPORTED, "built for ABI 0.9, this abhost has ABI 1.0: build it again");
	h[2] = h[3] = AB_VERSION(1, 7);
	write_copy(nbytes);
	refused(path, AB_EUNSUPPORTED, "needs an abhost with ABI 1.7, this one has ABI 1.0");
	h[3] = AB_VERSION(1, 0);
	write_copy(nbytes);
	ck_assert_msg(find(path) == AB_OK, "%s", error.text);
	h[1] = 16;
	write_copy(nbytes);
	refused(path, AB_ECONFIG, "its table says it has 16 bytes");
	h[1] = 1u << 30;
	write_copy(nbytes);
	refused(path, AB_ECONFIG, "its table says");
	h[1] = sizeof(struct ab_connector) + 4;
	grow_symbol(8);
	write_copy(nbytes);
	refused(path, AB_ECONFIG, "which ends in the middle of a pointer");
	h[1] += 4;
	write_copy(nbytes);
	ck_assert_msg(find(path) == AB_OK, "%s", error.text);
}
END_TEST

START_TEST(a_null_function_is_named)
{
	size_t i = 0;
	const char *name;

	for (; (name = loader_function((unsigned)i)) != NULL; i++) {
		static const size_t offset[] = {offsetof(struct ab_connector, open),
		    offsetof(struct ab_connector, close), offsetof(struct ab_connector, check),
		    offsetof(struct ab_connector, streams),
		    offsetof(struct ab_connector, read_page)};
		Elf64_Rela *r = relocation(offset[i]), saved = *r;

		r->r_offset = 0;
		write_copy(nbytes);
		refused(path, AB_ECONFIG, name);
		ck_assert_uint_eq(file.missing, 1u << i);
		*r = saved;
	}
	ck_assert_uint_eq(i, 5);
}
END_TEST

START_TEST(texts_must_be_there_and_plain)
{
	Elf64_Rela *r = relocation(offsetof(struct ab_connector, id)), saved = *r;
	unsigned char *word = (unsigned char *)head() + offsetof(struct ab_connector, id);
	unsigned char *id = memmem(bytes, nbytes, "loader-so\0001.2.3", 15);

	r->r_offset = 0;
	memset(word, 0, 8);
	write_copy(nbytes);
	refused(path, AB_ECONFIG, "its table has no id: set .id");
	*r = saved;
	r->r_addend = 0x7fffffff0000;
	write_copy(nbytes);
	refused(path, AB_ECONFIG, "its id cannot be read");
	*r = saved;
	r->r_info = R_X86_64_GLOB_DAT;
	write_copy(nbytes);
	refused(path, AB_ECONFIG, "its id cannot be read");
	*r = saved;
	if (id == NULL)
		return;
	id[0] = '/';
	write_copy(nbytes);
	refused(path, AB_ECONFIG, "its id is not a plain word");
	id[0] = 'l';
	id[11] = '\n';
	write_copy(nbytes);
	refused(path, AB_ECONFIG, "its version is not a plain word");
}
END_TEST

START_TEST(what_is_no_connector_is_refused)
{
	unsigned char *name = memmem(bytes, nbytes, "ab_connector_v1", 15);
	Elf64_Ehdr *eh = (Elf64_Ehdr *)bytes;

	refused("/nowhere/x.so", AB_ECONFIG, "/nowhere/x.so: there is no such file");
	refused("nowhere.so", AB_ECONFIG, "nowhere.so: there is no such file");
	refused("/tmp/", AB_ECONFIG, "a folder, not a file");
	refused("/dev/null", AB_ECONFIG, "a device or pipe, not a file");
	refused("", AB_ECONFIG, "empty");
	name[0] = 'x';
	write_copy(nbytes);
	refused(path, AB_ECONFIG, "exports no data object ab_connector_v1");
	name[0] = 'a';
	eh->e_machine = EM_ARM;
	write_copy(nbytes);
	refused(path, AB_ECONFIG, "built for ARM");
	eh->e_machine = 0;
	write_copy(nbytes);
	refused(path, AB_ECONFIG, "built for another machine");
	memcpy(bytes, "#!/bin/sh\n", 10);
	write_copy(nbytes);
	refused(path, AB_ECONFIG, "not an ELF file");
	write_copy(0);
	refused(path, AB_ECONFIG, "not an ELF file");
}
END_TEST

START_TEST(a_file_that_others_may_write_is_refused)
{
	ck_assert_int_eq(chmod(path, 0664), 0);
	refused(path, AB_ECONFIG, "may be changed by other users");
	ck_assert_int_eq(chmod(path, 0646), 0);
	refused(path, AB_ECONFIG, "may be changed by other users");
}
END_TEST

START_TEST(a_group_of_ones_own_is_nobody_else)
{
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(path, 4321, 4321), 0);
	ck_assert_int_eq(chmod(path, 0664), 0);
	ck_assert_int_eq(chmod(dir, 0755), 0);
	refused(path, AB_ECONFIG, "may be changed by other users");
	ck_assert_int_eq(seteuid(4321), 0);
	ck_assert_msg(find(path) == AB_OK, "%s", error.text);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(chown(path, 4321, 4322), 0);
	ck_assert_int_eq(seteuid(4321), 0);
	refused(path, AB_ECONFIG, "may be changed by other users");
	ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(a_refusal_names_every_place)
{
	char search[256];

	snprintf(search, sizeof(search), "relative:/nowhere/at/all:%s", dir);
	setenv("ABHOST_CONNECTOR_PATH", search, 1);
	setenv("XDG_DATA_HOME", "/nowhere/else", 1);
	ck_assert_msg(find("loader-so") == AB_OK, "%s", error.text);
	ck_assert_str_eq(file.path, path);
	refused("loader-os", AB_ECONFIG, "is loader-so meant?");
	refused("something", AB_ECONFIG, "`abhost list`");
	ck_assert_ptr_nonnull(
	    strstr(error.text, "\n  relative/something.so: not an absolute path"));
	ck_assert_ptr_nonnull(
	    strstr(error.text, "\n  /nowhere/at/all/something.so: there is no such folder"));
	ck_assert_ptr_nonnull(strstr(error.text, "/something.so: there is no such file"));
	ck_assert_ptr_nonnull(
	    strstr(error.text, "\n  /nowhere/else/abhost/connectors/something.so: "));
	ck_assert_int_eq(chmod(dir, 0777), 0);
	refused("loader-so", AB_ECONFIG, "its folder may be changed by other users");
}
END_TEST

struct seen {
	int usable, unusable;
	char why[256];
};

static ab_status
count(void *ctx, const struct loader_file *f, const char *why)
{
	struct seen *s = ctx;

	ck_assert_ptr_nonnull(f->path);
	/* what is installed on this machine is none of the test's business */
	if (strncmp(f->path, dir, strlen(dir)) != 0)
		return AB_OK;
	if (why == NULL) {
		s->usable++;
		ck_assert_str_eq(f->id, "loader-so");
	} else {
		s->unusable++;
		snprintf(s->why, sizeof(s->why), "%s", why);
	}
	return AB_OK;
}

START_TEST(each_file_of_the_search_path_is_told_once)
{
	struct seen s = {0};
	char other[160], twice[300];

	snprintf(other, sizeof(other), "%s/other.so", dir);
	ck_assert_int_eq(symlink(path, other), 0);
	snprintf(twice, sizeof(twice), "%s", dir);
	setenv("ABHOST_CONNECTOR_PATH", twice, 1);
	setenv("XDG_DATA_HOME", "/nowhere/else", 1);
	ck_assert_int_eq(loader_each(count, &s, &error), AB_OK);
	unlink(other);
	ck_assert_int_eq(s.usable, 1);
	ck_assert_int_eq(s.unusable, 1);
	ck_assert_ptr_nonnull(strstr(s.why, "its id is loader-so: call the file loader-so.so"));
}
END_TEST

/* xorshift: the same files in every run. */
static uint64_t
next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* The parts that the reader goes by are where damage matters; half of it goes there. */
static size_t
place(uint64_t *seed)
{
	size_t table = (size_t)((unsigned char *)head() - bytes);

	switch (next_random(seed) % 4) {
	case 0:
		return next_random(seed) % 0x400;
	case 1:
		return table - 0x200 + next_random(seed) % 0x400;
	default:
		return next_random(seed) % nbytes;
	}
}

START_TEST(no_damage_crashes_the_reader)
{
	static const unsigned char values[] = {0, 1, 7, 0x40, 0x7f, 0x80, 0xfe, 0xff};
	uint64_t seed = 0x9e3779b97f4a7c15;
	unsigned char saved[8];
	size_t at[8];
	int refusals = 0;

	for (int round = 0; round < 4000; round++) {
		size_t n = 1 + next_random(&seed) % 8;

		for (size_t i = 0; i < n; i++) {
			at[i] = place(&seed) % nbytes;
			saved[i] = bytes[at[i]];
		}
		for (size_t i = 0; i < n; i++)
			bytes[at[i]] = next_random(&seed) % 2 ? values[next_random(&seed) % 8]
							      : (unsigned char)next_random(&seed);
		write_copy(next_random(&seed) % 8 == 0 ? next_random(&seed) % nbytes : nbytes);
		if (find(path) != AB_OK) {
			refusals++;
			ck_assert_str_ne(error.text, "");
		}
		for (size_t i = n; i-- > 0;)
			bytes[at[i]] = saved[i];
	}
	ck_assert_int_gt(refusals, 400);
}
END_TEST

START_TEST(versions_have_an_order)
{
	static const char *const rising[] = {"0.9", "1.0~rc1", "1.0-alpha", "1.0-rc1", "1.0-rc10",
	    "1.0", "1.0+4", "1.0.1", "1.9.0", "1.10.0", "2.0.0", "10.0.0", "18446744073709551616.1",
	    "18446744073709551617.0"};
	const size_t n = sizeof(rising) / sizeof(rising[0]);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			int order = install_compare_versions(rising[i], rising[k]);

			ck_assert_msg(i < k ? order < 0
				: i > k	    ? order > 0
					    : order == 0,
			    "%s and %s: %d", rising[i], rising[k], order);
		}
	ck_assert_int_eq(install_compare_versions("1.02", "1.2"), 0);
}
END_TEST

static Suite *
loader_suite(void)
{
	Suite *s = suite_create("loader");
	TCase *t = tcase_create("loader");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_connector_says_who_it_is);
	tcase_add_test(t, packed_relocations_are_read_too);
	tcase_add_test(t, versions_are_decided_by_the_head);
	tcase_add_test(t, a_null_function_is_named);
	tcase_add_test(t, texts_must_be_there_and_plain);
	tcase_add_test(t, what_is_no_connector_is_refused);
	tcase_add_test(t, a_file_that_others_may_write_is_refused);
	tcase_add_test(t, a_group_of_ones_own_is_nobody_else);
	tcase_add_test(t, a_refusal_names_every_place);
	tcase_add_test(t, each_file_of_the_search_path_is_told_once);
	tcase_add_test(t, no_damage_crashes_the_reader);
	tcase_add_test(t, versions_have_an_order);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(loader_suite())
