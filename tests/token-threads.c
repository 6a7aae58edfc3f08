/* Laws of host/net/token about those who want one at the same time: one asks, the others wait, whatever comes of it.
 * Also of what it does with a refresh token that is good for one use.  The token server is a function of this file. */
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/redact.h"
#include "net/endpoint.h"
#include "net/http.h"
#include "net/response.h"
#include "net/token.h"
#include "passing.h"

#define LANES 8
#define AUTH(more) \
	"{\"base_url\": \"https://h/\", \"auth\": {\"type\": \"oauth2\", \"client_id\": \"me\", " \
	"\"token_url\": \"https://a/token\", " more "}}"
#define CREDENTIALS AUTH("\"grant\": \"client_credentials\"")
#define REFRESH(more) \
	AUTH("\"grant\": \"refresh_token\", \"refresh_token\": {\"config\": \"key\"}" more)

/* The token server: each good answer is another token; a refresh token is good once, then the next one is. */
static struct server {
	pthread_mutex_t lock;
	unsigned asked, inside, most_inside;
	int slow;   /* atomic: it does not answer yet */
	int status; /* 0: all is well */
	const char *lifetime;
	int rotates;
	int wants_rest;	  /* it answers once all others rest, */
	unsigned resting; /* and so many do */
	char good[32];	  /* the refresh token that is good */
	char seen[128];	  /* the body of the last request */
} server;

struct lane {
	struct http *http;
	int cancelled;
	struct buf token;
	uint64_t generation;
	ab_status rc;
	struct error error;
	pthread_t thread;
};

static struct lane lanes[LANES];
static struct endpoint ep;
static struct error error;
static json_t *config;
static char folder[64], path[96];
static const char *secrets;
static char logged[1024];

static void
sleep_ms(long ms)
{
	const struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static void
answer(struct http_response *resp)
{
	char text[256], refresh[64] = "";

	resp->status = server.status != 0 ? server.status : 200;
	if (server.rotates && server.status == 0) {
		if (strstr(server.seen, server.good) == NULL) {
			resp->status = 400;
		} else {
			snprintf(server.good, sizeof(server.good), "ref-%u-abc", server.asked);
			snprintf(
			    refresh, sizeof(refresh), ", \"refresh_token\": \"%s\"", server.good);
		}
	}
	if (resp->status == 200)
		snprintf(text, sizeof(text), "{\"access_token\": \"tok-%u-abc\"%s%s}", server.asked,
		    server.lifetime, refresh);
	else
		snprintf(text, sizeof(text), "{\"error\": \"invalid_grant\"}");
	ck_assert_int_eq(body_add(&resp->body, text, strlen(text)), 0);
	ck_assert_int_eq(body_close(&resp->body), 0);
}

static ab_status
exchange(void *ctx, const struct ab_request *ask, struct endpoint *at, int spends,
    struct http_response **out, struct error *e)
{
	struct lane *l = ctx;
	struct http_response *resp = response_new(l->http, 1 << 20);
	int status;

	(void)at;
	(void)spends;
	ck_assert_ptr_nonnull(resp);
	pthread_mutex_lock(&server.lock);
	server.asked++;
	server.inside++;
	if (server.inside > server.most_inside)
		server.most_inside = server.inside;
	snprintf(server.seen, sizeof(server.seen), "%s", ask->body.ptr);
	pthread_mutex_unlock(&server.lock);
	while (__atomic_load_n(&server.slow, __ATOMIC_SEQ_CST) &&
	    !__atomic_load_n(&l->cancelled, __ATOMIC_SEQ_CST))
		sleep_ms(5);
	while (server.wants_rest) {
		if (__atomic_load_n(&server.resting, __ATOMIC_SEQ_CST) == LANES - 1)
			server.wants_rest = 0;
		sleep_ms(5);
	}
	pthread_mutex_lock(&server.lock);
	server.inside--;
	status = server.status;
	answer(resp);
	pthread_mutex_unlock(&server.lock);
	if (__atomic_load_n(&l->cancelled, __ATOMIC_SEQ_CST) || status == 503) {
		http_response_free(resp);
		return status == 503 ? error_set(e, AB_ETRANSIENT, "503")
				     : error_set(e, AB_ECANCELLED, "cancelled");
	}
	*out = resp;
	return AB_OK;
}

static int
lane_cancelled(void *ctx)
{
	return __atomic_load_n(&((struct lane *)ctx)->cancelled, __ATOMIC_SEQ_CST);
}

static int64_t
now_us(void *ctx)
{
	(void)ctx;
	return INT64_C(1700000000000000);
}

static void
note_log(void *ctx, int level, const char *text)
{
	(void)ctx;
	(void)level;
	snprintf(logged, sizeof(logged), "%s", text);
}

static int
lane_rests(void *ctx, int on)
{
	if (on)
		__atomic_add_fetch(&server.resting, 1, __ATOMIC_SEQ_CST);
	else
		__atomic_sub_fetch(&server.resting, 1, __ATOMIC_SEQ_CST);
	return lane_cancelled(ctx);
}

static ab_status
get(struct lane *l)
{
	const struct token_env env = {
	    l, exchange, lane_cancelled, now_us, note_log, lane_rests, NULL, secrets};

	error_clear(&l->error);
	l->rc = token_get(ep.auth.token, &env, &l->token, &l->generation, &l->error);
	return l->rc;
}

static void *
run(void *arg)
{
	get(arg);
	return NULL;
}

static void
start(struct lane *l)
{
	ck_assert_int_eq(pthread_create(&l->thread, NULL, run, l), 0);
}

static void
until(const unsigned *what, unsigned n)
{
	while (__atomic_load_n(what, __ATOMIC_SEQ_CST) != n)
		sleep_ms(1);
}

static void
run_all(void)
{
	for (int i = 0; i < LANES; i++)
		start(&lanes[i]);
}

static void
join_all(void)
{
	for (int i = 0; i < LANES; i++)
		pthread_join(lanes[i].thread, NULL);
}

static void
describe(const char *json)
{
	endpoint_fini(&ep);
	ck_assert_msg(endpoint_read(json, config, &ep, &error) == AB_OK, "%s", error.text);
}

static void
set_up(void)
{
	static const struct http_env none = {.cancelled = lane_cancelled};

	snprintf(folder, sizeof(folder), "/tmp/abhost-token-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/c-secrets.json", folder);
	secrets = NULL;
	error_clear(&error);
	config = json_pack("{s:s}", "key", "ref-0-abc");
	server =
	    (struct server){.lock = PTHREAD_MUTEX_INITIALIZER, .lifetime = "", .good = "ref-0-abc"};
	for (int i = 0; i < LANES; i++) {
		struct http_env env = none;

		lanes[i] = (struct lane){.rc = AB_OK};
		env.ctx = &lanes[i];
		buf_init(&lanes[i].token, 1 << 20);
		ck_assert_int_eq(http_new(&env, NULL, NULL, &lanes[i].http, &error), AB_OK);
	}
}

static void
tear_down(void)
{
	char command[128];

	for (int i = 0; i < LANES; i++) {
		http_free(lanes[i].http);
		buf_fini(&lanes[i].token);
	}
	endpoint_fini(&ep);
	json_decref(config);
	redact_fini();
	snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(one_asks_for_all)
{
	describe(CREDENTIALS);
	server.wants_rest = 1;
	run_all();
	join_all();
	ck_assert_uint_eq(server.asked, 1);
	for (int i = 0; i < LANES; i++) {
		ck_assert_int_eq(lanes[i].rc, AB_OK);
		ck_assert_str_eq(lanes[i].token.ptr, "Bearer tok-1-abc");
		ck_assert_uint_eq(lanes[i].generation, 1);
	}
}
END_TEST

START_TEST(only_the_current_token_is_refused)
{
	describe(CREDENTIALS);
	ck_assert_int_eq(get(&lanes[0]), AB_OK);
	ck_assert_int_eq(get(&lanes[1]), AB_OK);
	token_refuse(ep.auth.token, lanes[0].generation);
	ck_assert_int_eq(get(&lanes[0]), AB_OK);
	ck_assert_str_eq(lanes[0].token.ptr, "Bearer tok-2-abc");
	token_refuse(ep.auth.token, lanes[1].generation); /* late: it means the first */
	ck_assert_int_eq(get(&lanes[1]), AB_OK);
	ck_assert_str_eq(lanes[1].token.ptr, "Bearer tok-2-abc");
	ck_assert_uint_eq(server.asked, 2);
}
END_TEST

static void *
refuse_and_get(void *arg)
{
	struct lane *l = arg;

	for (int i = 0; i < 50 && l->rc == AB_OK; i++) {
		token_refuse(ep.auth.token, l->generation);
		get(l);
	}
	return NULL;
}

START_TEST(a_storm_of_refusals_asks_one_at_a_time)
{
	describe(CREDENTIALS);
	run_all();
	join_all();
	for (int i = 0; i < LANES; i++)
		ck_assert_int_eq(
		    pthread_create(&lanes[i].thread, NULL, refuse_and_get, &lanes[i]), 0);
	join_all();
	for (int i = 0; i < LANES; i++)
		ck_assert_msg(lanes[i].rc == AB_OK, "%s", lanes[i].error.text);
	ck_assert_uint_eq(server.most_inside, 1);
	ck_assert_uint_le(server.asked, 1 + 50 * LANES);
}
END_TEST

START_TEST(a_failure_is_everybodys)
{
	describe(CREDENTIALS);
	server.wants_rest = 1;
	server.status = 503;
	run_all();
	join_all();
	ck_assert_uint_eq(server.asked, 1);
	for (int i = 0; i < LANES; i++)
		ck_assert_int_eq(lanes[i].rc, AB_ETRANSIENT);
	server.status = 0; /* it has passed */
	ck_assert_int_eq(get(&lanes[0]), AB_OK);
	ck_assert_uint_eq(server.asked, 2);
}
END_TEST

START_TEST(what_is_final_is_not_asked_again)
{
	describe(CREDENTIALS);
	server.wants_rest = 1;
	server.status = 400;
	run_all();
	join_all();
	ck_assert_int_eq(get(&lanes[0]), AB_ECONFIG);
	ck_assert_uint_eq(server.asked, 1);
	for (int i = 0; i < LANES; i++) {
		ck_assert_int_eq(lanes[i].rc, AB_ECONFIG);
		ck_assert_ptr_nonnull(strstr(lanes[i].error.text, "invalid_grant"));
	}
}
END_TEST

START_TEST(whoever_is_cancelled_leaves_it_to_the_next)
{
	describe(CREDENTIALS);
	server.slow = 1;
	start(&lanes[0]);
	until(&server.asked, 1);
	start(&lanes[1]);
	start(&lanes[2]);
	until(&server.resting, 2);
	__atomic_store_n(&lanes[2].cancelled, 1, __ATOMIC_SEQ_CST); /* it waits */
	until(&server.resting, 1);
	__atomic_store_n(&lanes[0].cancelled, 1, __ATOMIC_SEQ_CST); /* it asks */
	until(&server.asked, 2);
	__atomic_store_n(&server.slow, 0, __ATOMIC_SEQ_CST);
	for (int i = 0; i < 3; i++)
		pthread_join(lanes[i].thread, NULL);
	ck_assert_int_eq(lanes[0].rc, AB_ECANCELLED);
	ck_assert_int_eq(lanes[1].rc, AB_OK);
	ck_assert_int_eq(lanes[2].rc, AB_ECANCELLED);
	ck_assert_uint_eq(server.asked, 2);
}
END_TEST

START_TEST(a_token_that_is_about_to_end_serves_while_it_is_renewed)
{
	describe(CREDENTIALS);
	server.lifetime = ", \"expires_in\": 3600";
	ck_assert_int_eq(get(&lanes[0]), AB_OK);
	pass_seconds(3570); /* it is renewed in its last minute */
	server.slow = 1;
	start(&lanes[1]);
	until(&server.asked, 2);
	ck_assert_int_eq(get(&lanes[2]), AB_OK);
	__atomic_store_n(&server.slow, 0, __ATOMIC_SEQ_CST);
	pthread_join(lanes[1].thread, NULL);
	ck_assert_str_eq(lanes[2].token.ptr, "Bearer tok-1-abc");
	ck_assert_str_eq(lanes[1].token.ptr, "Bearer tok-2-abc");
	ck_assert_uint_eq(server.asked, 2);
}
END_TEST

START_TEST(a_renewal_that_fails_leaves_what_is_still_good)
{
	describe(CREDENTIALS);
	server.lifetime = ", \"expires_in\": 3600";
	ck_assert_int_eq(get(&lanes[0]), AB_OK);
	pass_seconds(3570);
	server.status = 503;
	ck_assert_int_eq(get(&lanes[0]), AB_OK);
	ck_assert_str_eq(lanes[0].token.ptr, "Bearer tok-1-abc");
	ck_assert_ptr_nonnull(strstr(logged, "cannot get an access token: 503"));
	pass_seconds(30);
	ck_assert_int_eq(get(&lanes[0]), AB_ETRANSIENT);
}
END_TEST

static const char *
saved(void)
{
	static char text[4096];
	FILE *f = fopen(path, "r");
	size_t n = f == NULL ? 0 : fread(text, 1, sizeof(text) - 1, f);

	if (f != NULL)
		fclose(f);
	text[n] = '\0';
	return text;
}

START_TEST(a_new_refresh_token_is_saved_and_used)
{
	struct stat st;

	describe(REFRESH(", \"rotates\": true"));
	server.rotates = 1;
	secrets = path;
	for (unsigned i = 1; i <= 3; i++) {
		ck_assert_msg(get(&lanes[0]) == AB_OK, "%s", lanes[0].error.text);
		ck_assert_ptr_nonnull(strstr(saved(), server.good));
		token_refuse(ep.auth.token, lanes[0].generation);
	}
	ck_assert_ptr_null(strstr(saved(), "ref-2-abc"));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_uint_eq(server.asked, 3);
}
END_TEST

/* Lanes share the memory for bodies: what waits for the token must not keep what the one that gets it needs. */
START_TEST(who_waits_for_a_token_rests)
{
	describe(CREDENTIALS);
	server.wants_rest = 1;
	run_all();
	join_all();
	ck_assert_int_eq(server.wants_rest, 0);
	ck_assert_uint_eq(server.resting, 0);
	ck_assert_uint_eq(server.asked, 1);
	for (int i = 0; i < LANES; i++)
		ck_assert_int_eq(lanes[i].rc, AB_OK);
}
END_TEST

/* Another run of the same config goes on where this one stopped, and spends nothing while the token is good. */
START_TEST(another_run_finds_what_was_saved)
{
	char says[] = "tokens tok-1-abc and ref-1-abc";

	describe(REFRESH(""));
	server.rotates = 1;
	server.lifetime = ", \"expires_in\": 3600";
	secrets = path;
	ck_assert_int_eq(get(&lanes[0]), AB_OK);
	redact_fini(); /* that run's process knew what to hide; this one has read none of it yet */
	describe(REFRESH(""));
	ck_assert_int_eq(get(&lanes[1]), AB_OK);
	ck_assert_str_eq(lanes[1].token.ptr, "Bearer tok-1-abc");
	ck_assert_str_eq(redact_text(says), "tokens **** and ****");
	ck_assert_uint_eq(server.asked, 1);
	/* It is refused: then the refresh token that was saved is spent, not the config's. */
	token_refuse(ep.auth.token, lanes[1].generation);
	ck_assert_msg(get(&lanes[1]) == AB_OK, "%s", lanes[1].error.text);
	ck_assert_str_eq(lanes[1].token.ptr, "Bearer tok-2-abc");
	ck_assert_ptr_nonnull(strstr(server.seen, "ref-1-abc"));
}
END_TEST

START_TEST(a_config_that_changes_wins)
{
	describe(REFRESH(""));
	server.rotates = 1;
	secrets = path;
	ck_assert_int_eq(get(&lanes[0]), AB_OK);
	json_object_set_new(config, "key", json_string("ref-new-abc"));
	snprintf(server.good, sizeof(server.good), "ref-new-abc");
	describe(REFRESH(""));
	ck_assert_msg(get(&lanes[0]) == AB_OK, "%s", lanes[0].error.text);
	ck_assert_ptr_nonnull(strstr(server.seen, "ref-new-abc"));
}
END_TEST

START_TEST(without_a_file_none_is_spent)
{
	describe(REFRESH(", \"rotates\": true"));
	server.rotates = 1;
	ck_assert_int_eq(get(&lanes[0]), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(lanes[0].error.text,
	    "the refresh token (\"key\" in the config) is good for one use, and there is no file to "
	    "keep its successor in; --secrets FILE names one"));
	ck_assert_uint_eq(server.asked, 0);
}
END_TEST

START_TEST(a_server_that_rotates_unasked_is_told)
{
	describe(REFRESH(""));
	server.rotates = 1;
	ck_assert_int_eq(get(&lanes[0]), AB_OK);
	ck_assert_ptr_nonnull(strstr(logged, "there is no file to keep the new one in"));
	/* In this run it goes on with the new one. */
	token_refuse(ep.auth.token, lanes[0].generation);
	ck_assert_msg(get(&lanes[0]) == AB_OK, "%s", lanes[0].error.text);
	ck_assert_ptr_nonnull(strstr(server.seen, "ref-1-abc"));
}
END_TEST

START_TEST(a_server_that_does_not_rotate_leaves_no_file)
{
	describe(REFRESH(""));
	secrets = path;
	ck_assert_int_eq(get(&lanes[0]), AB_OK);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_ptr_nonnull(strstr(server.seen, "ref-0-abc"));
}
END_TEST

START_TEST(a_token_that_is_spent_says_where_it_was_found)
{
	describe(REFRESH(""));
	server.rotates = 1;
	secrets = path;
	ck_assert_int_eq(get(&lanes[0]), AB_OK);
	snprintf(server.good, sizeof(server.good), "ref-other-abc"); /* somebody else used it */
	token_refuse(ep.auth.token, lanes[0].generation);
	ck_assert_int_eq(get(&lanes[0]), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(lanes[0].error.text, "with the refresh token in "));
	ck_assert_ptr_nonnull(strstr(lanes[0].error.text, "sign in again and change \"key\""));
	ck_assert_ptr_null(strstr(lanes[0].error.text, "ref-1"));
}
END_TEST

/* What cannot be saved is not used; once it can, it is, and nothing more is spent for it. */
START_TEST(what_cannot_be_saved_is_not_used)
{
	char blocked[128];

	describe(REFRESH(""));
	server.rotates = 1;
	secrets = path;
	snprintf(blocked, sizeof(blocked), "%s.new", path);
	ck_assert_int_eq(mkdir(blocked, 0700), 0);
	ck_assert_int_eq(get(&lanes[0]), AB_ETRANSIENT);
	ck_assert_ptr_nonnull(strstr(lanes[0].error.text,
	    "a new refresh token came and is not used, because it would be lost: the secrets file "));
	ck_assert_int_eq(get(&lanes[0]), AB_ETRANSIENT);
	ck_assert_int_eq(rmdir(blocked), 0);
	ck_assert_msg(get(&lanes[0]) == AB_OK, "%s", lanes[0].error.text);
	ck_assert_str_eq(lanes[0].token.ptr, "Bearer tok-1-abc");
	ck_assert_uint_eq(server.asked, 1);
	ck_assert_ptr_nonnull(strstr(saved(), "ref-1-abc"));
}
END_TEST

static Suite *
threads_suite(void)
{
	Suite *s = suite_create("token-threads");
	TCase *t = tcase_create("threads"), *r = tcase_create("refresh");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, one_asks_for_all);
	tcase_add_test(t, only_the_current_token_is_refused);
	tcase_add_test(t, a_storm_of_refusals_asks_one_at_a_time);
	tcase_add_test(t, a_failure_is_everybodys);
	tcase_add_test(t, what_is_final_is_not_asked_again);
	tcase_add_test(t, whoever_is_cancelled_leaves_it_to_the_next);
	tcase_add_test(t, a_token_that_is_about_to_end_serves_while_it_is_renewed);
	tcase_add_test(t, a_renewal_that_fails_leaves_what_is_still_good);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(r, set_up, tear_down);
	tcase_add_test(r, a_new_refresh_token_is_saved_and_used);
	tcase_add_test(r, who_waits_for_a_token_rests);
	tcase_add_test(r, another_run_finds_what_was_saved);
	tcase_add_test(r, a_config_that_changes_wins);
	tcase_add_test(r, without_a_file_none_is_spent);
	tcase_add_test(r, a_server_that_rotates_unasked_is_told);
	tcase_add_test(r, a_server_that_does_not_rotate_leaves_no_file);
	tcase_add_test(r, a_token_that_is_spent_says_where_it_was_found);
	tcase_add_test(r, what_cannot_be_saved_is_not_used);
	suite_add_tcase(s, r);
	return s;
}

SUITE_MAIN(threads_suite())
