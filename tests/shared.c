/* Laws of host/net/shared: what all sources of a worker have together, and what stays apart. */
#include "suite.h"

#include <pthread.h>

#include "base/redact.h"
#include "net/http.h"
#include "net/shared.h"

#define LANES 8

static const char json[] =
    "{\"base_url\": \"https://api.example/v1\", \"auth\": {\"type\": "
    "\"bearer\", \"config\": \"key\"}, \"limits\": {\"requests_per_second\": 1}}";
static struct http_shared *shared;
static struct error error;
static json_t *config;

static void
set_up(void)
{
	error_clear(&error);
	config = json_pack("{s:s}", "key", "s3cr3t-key-0815");
	ck_assert_int_eq(http_shared_new(&shared, &error), AB_OK);
}

static void
tear_down(void)
{
	http_shared_free(shared);
	json_decref(config);
	redact_fini();
}

static struct endpoint *
tell(const char *text, const json_t *with)
{
	struct endpoint *ep = NULL;

	ck_assert_int_eq(shared_endpoint(shared, text, with, &ep, &error), AB_OK);
	return ep;
}

START_TEST(a_description_told_again_finds_its_endpoint)
{
	struct endpoint *first = tell(json, config);
	json_t *same = json_deep_copy(config), *other = json_pack("{s:s}", "key", "another-key");

	ck_assert_ptr_eq(tell(json, config), first);
	ck_assert_ptr_eq(tell(json, same), first);
	ck_assert_ptr_ne(tell(json, other), first);
	ck_assert_ptr_ne(tell("{\"base_url\": \"https://api.example/v1\"}", config), first);
	json_decref(same);
	json_decref(other);
	ck_assert_ptr_eq(tell(json, config), first);
	ck_assert_str_eq(first->auth.value, "Bearer s3cr3t-key-0815");
}
END_TEST

START_TEST(a_description_that_does_not_do_leaves_nothing)
{
	struct endpoint *ep = (void *)&ep;

	for (int i = 0; i < 2; i++) {
		error_clear(&error);
		ck_assert_int_eq(shared_endpoint(shared, "{", config, &ep, &error), AB_EBUG);
		ck_assert_ptr_null(ep);
	}
	ck_assert_uint_eq(shared->count, 0);
}
END_TEST

START_TEST(a_rate_limit_counts_for_all)
{
	struct endpoint *ep = tell(json, config);
	const char *why;

	ratelimit_take(&ep->gate.rate, 5000000);
	ck_assert_int_gt(ratelimit_when(&tell(json, config)->gate.rate, 5000000, &why), 5800000);
}
END_TEST

static void *
lane(void *arg)
{
	*(struct endpoint **)arg = tell(json, config);
	return NULL;
}

START_TEST(lanes_that_tell_at_once_get_the_same)
{
	struct endpoint *got[LANES];
	pthread_t threads[LANES];

	for (int i = 0; i < LANES; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, lane, &got[i]), 0);
	for (int i = 0; i < LANES; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < LANES; i++)
		ck_assert_ptr_eq(got[i], got[0]);
	ck_assert_uint_eq(shared->count, 1);
}
END_TEST

static int
never(void *ctx)
{
	(void)ctx;
	return 0;
}

START_TEST(one_source_has_one_endpoint_per_origin)
{
	const struct http_env env = {.cancelled = never, .config = config};
	struct http *h;

	ck_assert_int_eq(http_new(&env, NULL, shared, &h, &error), AB_OK);
	ck_assert_int_eq(http_endpoint(h, json, &error), AB_OK);
	ck_assert_int_eq(http_endpoint(h, json, &error), AB_OK);
	ck_assert_int_eq(
	    http_endpoint(h, "{\"base_url\": \"https://API.example/v2\"}", &error), AB_EBUG);
	ck_assert_str_eq(error.text, "a second endpoint for https://api.example/v2/");
	http_free(h);
}
END_TEST

static Suite *
shared_suite(void)
{
	Suite *s = suite_create("shared");
	TCase *t = tcase_create("shared");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_description_told_again_finds_its_endpoint);
	tcase_add_test(t, a_description_that_does_not_do_leaves_nothing);
	tcase_add_test(t, a_rate_limit_counts_for_all);
	tcase_add_test(t, lanes_that_tell_at_once_get_the_same);
	tcase_add_test(t, one_source_has_one_endpoint_per_origin);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(shared_suite())
