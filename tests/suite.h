/* suite.h - the main of a Check suite: one line per test file.  Prints TAP (CK_TAP_LOG_FILE_NAME).
 * Only a hang ends a test: Check's own limit, four seconds, ends what a busy machine has no time for. */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H
#include <check.h>
#include <stdlib.h>

#define SUITE_MAIN(suite) \
	int main(void) \
	{ \
		SRunner *runner; \
		int failed; \
\
		setenv("CK_DEFAULT_TIMEOUT", "600", 0); \
		runner = srunner_create(suite); \
		srunner_run_all(runner, CK_ENV); \
		failed = srunner_ntests_failed(runner); \
		srunner_free(runner); \
		return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE; \
	}
#endif
