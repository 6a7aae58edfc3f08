/* Client CPU per request of host/net/http against bare libcurl in a loop, on the same URL, taking turns.
 *
 *     tests/bench/http http://127.0.0.1:8080/empty.json [REQUESTS]
 *     tests/bench/http --pages PAGES 'http://127.0.0.1:8080/list?page=' [HEADER]
 *
 * The second one: only the bare loop, once, with 1, 2, ... behind the URL; prints the seconds that it takes.
 *
 * Prints microseconds of CPU and of wall time per request for both, and the ratio.  The one test that includes curl.h. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "net/http.h"

#define ROUNDS 5

struct cost {
	double cpu_us, wall_us;
};

static int
never(void *ctx)
{
	(void)ctx;
	return 0;
}

static size_t
drop(char *bytes, size_t size, size_t n, void *ctx)
{
	(void)bytes;
	*(size_t *)ctx += size * n;
	return size * n;
}

static double
cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int
ask_bare(CURL *curl, long requests)
{
	for (long i = 0; i < requests; i++) {
		CURLcode code = curl_easy_perform(curl);

		if (code != CURLE_OK) {
			fprintf(stderr, "%s\n", curl_easy_strerror(code));
			return -1;
		}
	}
	return 0;
}

static int
ask_ours(struct http *http, const char *url, long requests)
{
	const struct ab_request r = {.size = sizeof(r), .url = url};
	struct http_response *resp;
	struct error e = ERROR_INIT;

	for (long i = 0; i < requests; i++) {
		if (http_request(http, &r, &resp, &e) != AB_OK) {
			fprintf(stderr, "%s\n", e.text);
			return -1;
		}
		http_response_free(resp);
	}
	return 0;
}

static int
measure(CURL *curl, struct http *http, const char *url, long requests, struct cost *best)
{
	double cpu = cpu_us();
	int64_t wall = clock_mono_us();
	int rc = curl != NULL ? ask_bare(curl, requests) : ask_ours(http, url, requests);

	cpu = (cpu_us() - cpu) / (double)requests;
	if (best->cpu_us == 0 || cpu < best->cpu_us)
		*best = (struct cost){cpu, (double)(clock_mono_us() - wall) / (double)requests};
	return rc;
}

static int
ask_pages(long pages, const char *url, const char *header)
{
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = header == NULL ? NULL : curl_slist_append(NULL, header);
	int64_t begun = clock_mono_us();
	size_t bytes = 0;
	char page[2048];
	int rc = curl == NULL ? -1 : 0;

	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 256L << 10);
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &bytes);
	for (long i = 1; i <= pages && rc == 0; i++) {
		snprintf(page, sizeof(page), "%s%ld", url, i);
		curl_easy_setopt(curl, CURLOPT_URL, page);
		rc = ask_bare(curl, 1);
	}
	if (rc == 0)
		printf("%.6f\n", (double)(clock_mono_us() - begun) / 1e6);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return rc == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	const struct http_env env = {.cancelled = never};
	const char *url = argc > 1 ? argv[1] : NULL;
	long requests = argc > 2 ? strtol(argv[2], NULL, 10) : 5000;
	struct cost bare = {0, 0}, ours = {0, 0};
	struct http *http = NULL;
	struct error e = ERROR_INIT;
	size_t bytes = 0;
	CURL *curl;
	int rc = 0;

	if (argc > 3 && strcmp(argv[1], "--pages") == 0)
		return ask_pages(strtol(argv[2], NULL, 10), argv[3], argc > 4 ? argv[4] : NULL);
	if (url == NULL || requests < 1 || http_new(&env, NULL, NULL, &http, &e) != AB_OK ||
	    (curl = curl_easy_init()) == NULL) {
		fprintf(stderr, "usage: tests/bench/http URL [REQUESTS]\n%s", e.text);
		return 2;
	}
	curl_easy_setopt(curl, CURLOPT_URL, url);
	if (getenv("CURL_CA_BUNDLE") != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, getenv("CURL_CA_BUNDLE"));
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 256L << 10);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &bytes);
	for (int i = 0; i < ROUNDS && rc == 0; i++) {
		rc = measure(curl, NULL, url, requests, &bare);
		rc = rc == 0 ? measure(NULL, http, url, requests, &ours) : rc;
	}
	printf("bare libcurl  %7.1f us CPU  %7.1f us wall\n", bare.cpu_us, bare.wall_us);
	printf("host/net      %7.1f us CPU  %7.1f us wall\n", ours.cpu_us, ours.wall_us);
	printf("ratio         %7.2f         %7.2f\n", ours.cpu_us / bare.cpu_us,
	    ours.wall_us / bare.wall_us);
	curl_easy_cleanup(curl);
	http_free(http);
	return rc == 0 ? 0 : 1;
}
