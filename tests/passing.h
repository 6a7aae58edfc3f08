/* passing.h - time that passes when a test says so, and as much, on the clock on which tokens age; no other clock is touched.
 * Linked with --wrap=clock_gettime. */
#ifndef TESTS_PASSING_H
#define TESTS_PASSING_H

void pass_seconds(long s);

#endif
