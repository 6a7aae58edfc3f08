/* suite.h - the main of a Check suite: one line per test file.  Prints TAP (CK_TAP_LOG_FILE_NAME). */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H
#include <check.h>
#include <stdlib.h>

#define SUITE_MAIN(suite) \
	int main(void) \
	{ \
		SRunner *runner = srunner_create(suite); \
		int failed; \
\
		srunner_run_all(runner, CK_ENV); \
		failed = srunner_ntests_failed(runner); \
		srunner_free(runner); \
		return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE; \
	}
#endif
