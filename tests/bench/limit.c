/* Requests of several threads that share one endpoint, as the lanes of a worker do: how well is its rate kept and used?
 *
 *     tests/bench/limit http://127.0.0.1:8080/v1/ health [THREADS [REQUESTS [KEYS]]]
 *
 * KEYS are further keys of an endpoint's description; without them a limit of 50 requests per second.  Prints how many requests a second left, from
 * the first to the last.   tests/whole/limits.py counts on the server's side. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/http.h"
#include "net/shared.h"

#define THREADS_MAX 64

static struct http_shared *shared;
static const char *path;
static char endpoint[2048];
static long left;

static int
never(void *ctx)
{
	(void)ctx;
	return 0;
}

static void *
ask(void *arg)
{
	const struct http_env env = {.cancelled = never};
	const struct ab_request r = {.size = sizeof(r), .url = path};
	struct http_response *resp;
	struct error e = ERROR_INIT;
	struct http *http = NULL;
	ab_status rc = http_new(&env, NULL, shared, &http, &e);

	if (rc == AB_OK)
		rc = http_endpoint(http, endpoint, &e);
	while (rc == AB_OK && __atomic_fetch_sub(&left, 1, __ATOMIC_SEQ_CST) > 0) {
		rc = http_request(http, &r, &resp, &e);
		if (rc == AB_OK)
			http_response_free(resp);
	}
	if (rc != AB_OK)
		fprintf(stderr, "%s\n", e.text);
	http_free(http);
	return rc == AB_OK ? NULL : arg;
}

static int
run_threads(long threads)
{
	pthread_t ids[THREADS_MAX];
	void *failed;
	int rc = 0;

	for (long i = 0; i < threads; i++)
		if (pthread_create(&ids[i], NULL, ask, ids) != 0)
			return -1;
	for (long i = 0; i < threads; i++) {
		pthread_join(ids[i], &failed);
		rc |= failed != NULL ? -1 : 0;
	}
	return rc;
}

int
main(int argc, char **argv)
{
	long threads = argc > 3 ? strtol(argv[3], NULL, 10) : 8;
	long requests = argc > 4 ? strtol(argv[4], NULL, 10) : 500;
	const char *keys = argc > 5 ? argv[5] : "\"limits\": {\"requests_per_second\": 50}";
	int64_t begun = clock_mono_us();
	struct error e = ERROR_INIT;
	int rc;

	if (argc < 3 || threads < 1 || threads > THREADS_MAX || requests < 2 ||
	    http_shared_new(&shared, &e) != AB_OK) {
		fprintf(
		    stderr, "usage: tests/bench/limit BASE_URL PATH [THREADS [REQUESTS [KEYS]]]\n");
		return 2;
	}
	path = argv[2];
	left = requests;
	snprintf(endpoint, sizeof(endpoint), "{\"base_url\": \"%s\", %s}", argv[1], keys);
	rc = run_threads(threads);
	printf("%ld threads: %.2f requests/s\n", threads,
	    (double)(requests - 1) * 1e6 / (double)(clock_mono_us() - begun));
	http_shared_free(shared);
	return rc == 0 ? 0 : 1;
}
