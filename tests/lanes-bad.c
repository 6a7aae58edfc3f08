/* lanes-bad.c - what ends the process is told with the place of the lane that did it, whatever the others do. */
#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "watch.h"

void lanes_bad_tests(TCase *t);

#define PLACE "read_page of stream s0, page 2"
#define SAFE  "; what was committed before is safe"

/* Partition 3 of s0 does that on its second page; three others sleep in the host, on their first. */
static void
expect(const char *bad, const char *sentence)
{
	char config[160];
	struct watch w;
	const struct watch_event *e;

	snprintf(config, sizeof(config),
	    "{\"parts\": 4, \"list\": 4, \"bad_part\": 3, \"bad\": \"%s\"}", bad);
	watch_open(&w, config, 4, 0, 1);
	watch_read(&w, 0, NULL);
	while ((e = watch_next(&w, 20000)) != NULL && e->type != SOURCE_FAILED)
		continue;
	ck_assert_ptr_nonnull(e);
	ck_assert_str_eq(e->text, sentence);
	ck_assert_uint_eq(e->stream, SOURCE_ALL);
	ck_assert(source_dead(w.drive.source));
	watch_close(&w);
}

START_TEST(a_crash_is_told_with_its_lanes_place)
{
	expect("crash", "lanes 1.0.0 died of SIGSEGV in " PLACE SAFE);
	expect("raise", "lanes 1.0.0 died of SIGBUS in " PLACE SAFE);
	expect("abort", "lanes 1.0.0 died of SIGABRT in " PLACE SAFE);
	expect("overflow", "lanes 1.0.0 died of SIGSEGV in " PLACE SAFE);
	expect("exit", "lanes 1.0.0 called exit(5) in " PLACE SAFE);
}
END_TEST

START_TEST(a_hang_is_noticed_while_others_go_on)
{
	struct watch w;
	const struct watch_event *e;

	expect("hang",
	    "lanes 1.0.0 was stopped: " PLACE
	    ", did not return within 1 s (ABHOST_CALL_TIMEOUT)" SAFE);
	/* Pages of another stream come all the time. */
	watch_open(&w,
	    "{\"parts\": 4, \"pages\": 100000, \"bad_part\": 0, \"bad\": \"hang\", \"others_ms\": 1}",
	    4, 0, 1);
	watch_read(&w, 1, NULL);
	watch_until(&w, SOURCE_PAGE, 1);
	watch_read(&w, 0, NULL);
	while ((e = watch_next(&w, 20000)) != NULL && e->type != SOURCE_FAILED)
		continue;
	ck_assert_ptr_nonnull(e);
	ck_assert_ptr_nonnull(strstr(e->text, PLACE ", did not return within 1 s"));
	watch_close(&w);
}
END_TEST

void
lanes_bad_tests(TCase *t)
{
	tcase_add_test(t, a_crash_is_told_with_its_lanes_place);
	tcase_add_test(t, a_hang_is_noticed_while_others_go_on);
}
