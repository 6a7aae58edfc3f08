/* lanes-kept.c - laws of lanes on a machine that has no time for them: any thread may be kept for a while behind any lock
 * that it has let go, and whatever the others do meanwhile must be right. */
#include "suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "watch.h"

#define ROUNDS	20
#define LANES	4
#define STREAMS 4
#define KEPT_US 2000 /* at most */

int __real_pthread_mutex_unlock(pthread_mutex_t *m);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *m);

static atomic_uint threads;
static __thread unsigned chance;

int
__wrap_pthread_mutex_unlock(pthread_mutex_t *m)
{
	int rc = __real_pthread_mutex_unlock(m);

	if (chance == 0)
		chance = atomic_fetch_add(&threads, 1) + 1;
	if (rand_r(&chance) % 4 == 0)
		usleep((useconds_t)(rand_r(&chance) % KEPT_US));
	return rc;
}

/* All streams at once; so many pages each. */
static void
read_all(const char *id, const char *config, int pages)
{
	struct watch w;

	for (int round = 0; round < ROUNDS; round++) {
		watch_open_on(&w, id, config, LANES, 0, 60);
		for (uint32_t i = 0; i < STREAMS; i++)
			watch_read(&w, i, NULL);
		for (int done = 0; done < STREAMS;) {
			const struct watch_event *e = watch_next(&w, 50000);

			ck_assert_ptr_nonnull(e);
			ck_assert_msg(e->type != SOURCE_FAILED, "%s", e->text);
			done += e->type == SOURCE_DONE;
		}
		for (int i = 0; i < STREAMS; i++)
			ck_assert_int_eq(w.pages[i], pages);
		watch_close(&w);
	}
}

START_TEST(streams_without_partitions)
{
	read_all("gen", "{\"streams\": 4, \"records\": 3, \"page_size\": 1}", 3);
}
END_TEST

START_TEST(streams_with_partitions)
{
	read_all("gen-parts", "{\"streams\": 4, \"records\": 2, \"page_size\": 1}", 6);
}
END_TEST

START_TEST(lists_of_many_pages)
{
	read_all("lanes", "{\"streams\": 4, \"parts\": 5, \"list\": 1, \"pages\": 2}", 10);
}
END_TEST

static Suite *
kept_suite(void)
{
	Suite *s = suite_create("lanes-kept");
	TCase *t = tcase_create("lanes-kept");

	tcase_add_test(t, streams_without_partitions);
	tcase_add_test(t, streams_with_partitions);
	tcase_add_test(t, lists_of_many_pages);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(kept_suite())
