/* number.h - the order of numbers that stand as JSON's literals, by value: integers of any length and doubles, none of
 * which is rounded to be compared with another.  Pure functions; borrows the literals. */
#ifndef ABHOST_NUMBER_H
#define ABHOST_NUMBER_H
#include <stddef.h>
#include <stdint.h>

enum number_kind { NUMBER_INT, NUMBER_REAL, NUMBER_BIG };

struct number {
	enum number_kind kind;
	int64_t i;	  /* INT */
	double d;	  /* REAL, and BIG roughly: an integer that int64 cannot hold */
	const char *text; /* BIG: the digits */
	size_t len;
};

/* Whether all of it is a number of JSON's grammar. */
int number_is(const char *text, size_t len);
/* A literal that is one.  is_real: it has a fraction or an exponent. */
struct number number_read(const char *text, size_t len, int is_real);
struct number number_of_int(int64_t i);
struct number number_of_real(double d);
/* <0, 0, >0 */
int number_compare(const struct number *a, const struct number *b);
#endif
