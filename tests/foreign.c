/* Laws of host/source/foreign where any one allocation fails: a state is taken for all streams that it covers or for none, and
 * what cannot be taken ends the process.  Linked with --wrap of what allocates. */
#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "source/foreign.h"

void *__real_malloc(size_t n);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);

static long calls, failing; /* failing: the call that does; 0: none */

static int
fails(void)
{
	return ++calls == failing;
}

void *
__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

char *
__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

char *
__wrap_strndup(const char *text, size_t n)
{
	return fails() ? NULL : __real_strndup(text, n);
}

#define STREAMS 3
static struct foreign *f;

/* As if a process ran that reads three streams. */
static void
begin(void)
{
	const struct source_options o = {
	    .program = "/nonexistent", .id = "x", .page_cap = 1 << 20, .call_timeout_s = 9};
	struct error e = ERROR_INIT;
	struct source *source;
	char configured[100];

	failing = 0;
	ck_assert_int_eq(foreign_start(&o, &source, &e), AB_OK);
	f = (struct foreign *)source;
	for (uint32_t i = 0; i < STREAMS; i++) {
		snprintf(configured, sizeof(configured), "{\"stream\":{\"name\":\"s%u\"}}", i);
		ck_assert_int_eq(source_read(source, i, configured, NULL, 0, &e), AB_OK);
		f->streams[i]->is_running = 1;
	}
	f->job = FOREIGN_READ;
}

/* What the program says, a line. */
static void
say(const char *text)
{
	struct source_event ev = {0};
	struct line line;
	size_t room;
	long at = failing;

	failing = 0;
	memcpy(lines_room(&f->lines, &room), text, strlen(text));
	lines_fed(&f->lines, strlen(text));
	lines_next(&f->lines, &line);
	calls = 0;
	failing = at;
	if (line.type == LINE_RECORD)
		foreign_record(f, &line, &ev);
	else
		foreign_state(f, &line, &ev);
	failing = 0;
}

/* How many streams have a state with this in it. */
static int
have(const char *text)
{
	int n = 0;

	for (size_t i = 0; i < STREAMS; i++)
		n += f->streams[i]->state != NULL && strstr(f->streams[i]->state, text) != NULL;
	return n;
}

#define RECORD(name) \
	"{\"type\":\"RECORD\",\"record\":{\"stream\":\"" name "\",\"data\":{\"a\":1}}}\n"
#define GLOBAL(at) \
	"{\"type\":\"STATE\",\"state\":{\"type\":\"GLOBAL\",\"global\":{\"shared_state\":{\"lsn\":" at \
	"},\"stream_states\":[" PART("s0", at) "," PART("s1", at) "," PART("s2", at) "]}}}\n"
#define PART(name, at) \
	"{\"stream_descriptor\":{\"name\":\"" name \
	"\",\"namespace\":\"\"},\"stream_state\":{\"own\":" at "}}"
#define ONE(at) \
	"{\"type\":\"STATE\",\"state\":{\"type\":\"STREAM\",\"stream\":" PART("s1", at) "}}\n"

/* Each allocation in turn, until all is well. */
static void
law(const char *first, const char *second, int all)
{
	int is_whole = 0;

	for (long n = 1; !is_whole; n++) {
		begin();
		say(RECORD("s0"));
		say(RECORD("s1"));
		say(RECORD("s2"));
		say(first);
		say(RECORD("s1"));
		failing = n;
		say(second);
		is_whole = !f->is_broken;
		ck_assert_int_eq(f->is_broken, f->kill_us != 0);
		ck_assert_int_eq(f->is_broken, f->error.status == AB_ENOMEM);
		ck_assert_int_eq(have("\"own\":1"), is_whole ? 0 : all);
		ck_assert_int_eq(have("\"own\":2"), is_whole ? all : 0);
		ck_assert_int_eq(f->streams[1]->covered, is_whole ? f->streams[1]->bytes.len : 8);
		source_close(&f->base, 0);
		ck_assert_int_lt(n, 1000);
	}
}

START_TEST(a_global_state_is_taken_for_all_or_none)
{
	law(GLOBAL("1"), GLOBAL("2"), STREAMS);
}
END_TEST

START_TEST(a_state_of_one_stream_is_taken_or_ends_the_read)
{
	law(ONE("1"), ONE("2"), 1);
}
END_TEST

static Suite *
foreign_suite(void)
{
	Suite *s = suite_create("foreign");
	TCase *t = tcase_create("foreign");

	tcase_add_test(t, a_global_state_is_taken_for_all_or_none);
	tcase_add_test(t, a_state_of_one_stream_is_taken_or_ends_the_read);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(foreign_suite())
