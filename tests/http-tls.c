/* Laws of host/net/http over TLS: who may vouch for a server is what the environment says, and nobody else. */
#include "http-fixture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/abhost-tls-XXXXXX", cert[64], url[64];
static pid_t server;

/* A certificate for localhost, and `openssl s_server` with it on a port of its own choice. */
static void
start_server(void)
{
	char command[512], line[128] = "";
	int out[2];
	FILE *f;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(cert, sizeof(cert), "%s/cert.pem", folder);
	snprintf(command, sizeof(command),
	    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost "
	    "-addext subjectAltName=DNS:localhost -keyout %s -out %s.new 2>/dev/null && cat %s.new >>%s",
	    cert, cert, cert, cert);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(pipe(out), 0);
	server = fork();
	if (server == 0) {
		dup2(out[1], 1);
		close(out[0]);
		execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-cert",
		    cert, "-key", cert, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	f = fdopen(out[0], "r");
	while (strncmp(line, "ACCEPT ", 7) != 0)
		ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	snprintf(url, sizeof(url), "https://localhost:%d/",
	    (int)strtol(strrchr(line, ':') + 1, NULL, 10));
}

static void
stop_server(void)
{
	char command[128];

	if (server > 0) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
	http_tear_down();
}

/* Plain functions of the environment: a new source for each. */
static void
open_with(const char *variable, const char *file)
{
	static const struct http_env env = {.ctx = &outside, .cancelled = is_cancelled};

	unsetenv("CURL_CA_BUNDLE");
	unsetenv("SSL_CERT_FILE");
	unsetenv("SSL_CERT_DIR");
	unsetenv("https_proxy");
	unsetenv("HTTPS_PROXY");
	if (variable != NULL)
		setenv(variable, file, 1);
	http_free(http);
	ck_assert_int_eq(http_new(&env, NULL, NULL, &http, &error), AB_OK);
}

START_TEST(only_the_environment_says_whom_to_trust)
{
	struct http_response *resp;
	char by_address[64];

	start_server();
	open_with(NULL, NULL);
	expect_error(url, AB_ECONFIG, "certificate");
	open_with("SSL_CERT_FILE", cert);
	ck_assert_msg(get(url, &resp) == AB_OK, "%s", error.text);
	http_response_free(resp);
	open_with("CURL_CA_BUNDLE", cert);
	ck_assert_msg(get(url, &resp) == AB_OK, "%s", error.text);
	http_response_free(resp);
	snprintf(by_address, sizeof(by_address), "https://127.0.0.1%s", strrchr(url, ':'));
	expect_error(by_address, AB_ECONFIG, "certificate");
	open_with("CURL_CA_BUNDLE", "/nonexistent");
	expect_error(url, AB_ECONFIG, "certificate");
}
END_TEST

static Suite *
tls_suite(void)
{
	Suite *s = suite_create("http-tls");
	TCase *t = tcase_create("http-tls");

	tcase_add_checked_fixture(t, http_set_up, stop_server);
	tcase_add_test(t, only_the_environment_says_whom_to_trust);
	suite_add_tcase(s, t);
	return s;
}

/* Not SUITE_MAIN: Check has no word for a test that cannot run. */
int
main(void)
{
	SRunner *runner;
	int failed;

	if (system("openssl version >/dev/null 2>&1") != 0) {
		printf("1..0 # SKIP the program openssl is not installed\n");
		return EXIT_SUCCESS;
	}
	runner = srunner_create(tls_suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
