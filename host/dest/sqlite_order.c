/* sqlite_order.c - which of two cursor values is the newer one, as SQL functions; see sqlite.h.
 *
 * As the engine's own cursor does it: numbers by value, whatever their length, and below all texts; texts by bytes, or as
 * times.  A column that has become TEXT holds its numbers as digits, which a text may look like: who asks says which of
 * the two they are (enum sqlite_order).  A BLOB is a number that stood inside an object, as it came. */
#include "dest/sqlite.h"

#include <string.h>

#include "base/clock.h"
#include "data/number.h"

static struct ab_str
text_of(sqlite3_value *v)
{
	const char *text = (const char *)sqlite3_value_text(v);

	return (struct ab_str){text, text == NULL ? 0 : (size_t)sqlite3_value_bytes(v)};
}

static int
read_text_number(struct ab_str text, struct number *out)
{
	int is_real = 0;

	if (!number_is(text.ptr, text.len))
		return 0;
	for (size_t i = 0; i < text.len && !is_real; i++)
		is_real = strchr(".eE", text.ptr[i]) != NULL;
	*out = number_read(text.ptr, text.len, is_real);
	return 1;
}

static int
read_number(sqlite3_value *v, int how, struct number *out)
{
	switch (sqlite3_value_type(v)) {
	case SQLITE_INTEGER:
		*out = number_of_int(sqlite3_value_int64(v));
		return 1;
	case SQLITE_FLOAT:
		*out = number_of_real(sqlite3_value_double(v));
		return 1;
	case SQLITE_TEXT:
		return !(how & SQLITE_ORDER_TEXTS) && read_text_number(text_of(v), out);
	default:
		return read_text_number(text_of(v), out);
	}
}

static int
compare_bytes(struct ab_str a, struct ab_str b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len == 0 ? 0 : memcmp(a.ptr, b.ptr, len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Each of the two is a number (NULL: it is not), or else its bytes. */
static int
compare_mixed(const struct number *x, struct ab_str a, const struct number *y, struct ab_str b)
{
	if (x != NULL && y != NULL)
		return number_compare(x, y);
	return x != NULL || y != NULL ? (y != NULL) - (x != NULL) : compare_bytes(a, b);
}

static int
are_times(struct ab_str a, struct ab_str b, int *order)
{
	int64_t at, bt;

	if (clock_parse(a.ptr, a.len, &at) != 0 || clock_parse(b.ptr, b.len, &bt) != 0)
		return 0;
	*order = at != bt ? (at > bt ? 1 : -1) : clock_compare_rest(a.ptr, a.len, b.ptr, b.len);
	return 1;
}

static int
compare_values(sqlite3_value *a, sqlite3_value *b, int how)
{
	struct number x, y;
	int is_x, is_y, order;

	if (how & SQLITE_ORDER_TIMES && are_times(text_of(a), text_of(b), &order))
		return order;
	is_x = read_number(a, how, &x);
	is_y = read_number(b, how, &y);
	return compare_mixed(is_x ? &x : NULL, text_of(a), is_y ? &y : NULL, text_of(b));
}

/* The same of two texts, as a collation: where a statement calls a function SQLite keeps a journal of it, all pages that
 * it changes, in case that fails. */
static int
collate(void *arg, int alen, const void *a, int blen, const void *b)
{
	int how = *(const int *)arg, is_x, is_y, order;
	struct ab_str x = {a, (size_t)alen}, y = {b, (size_t)blen};
	struct number nx, ny;

	if (how & SQLITE_ORDER_TIMES && are_times(x, y, &order))
		return order;
	if (how & SQLITE_ORDER_TEXTS)
		return compare_bytes(x, y);
	is_x = read_text_number(x, &nx);
	is_y = read_text_number(y, &ny);
	return compare_mixed(is_x ? &nx : NULL, x, is_y ? &ny : NULL, y);
}

/* abhost_newer(new, old, how): 1 unless new is the older one; NULL is older than all. */
static void
sql_newer(sqlite3_context *out, int argc, sqlite3_value **argv)
{
	int how = sqlite3_value_int(argv[2]);

	(void)argc;
	if (sqlite3_value_type(argv[1]) == SQLITE_NULL)
		sqlite3_result_int(out, 1);
	else if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
		sqlite3_result_int(out, 0);
	else
		sqlite3_result_int(out, compare_values(argv[0], argv[1], how) >= 0);
}

/* abhost_order(x, how): what to order by, roughly so: microseconds, a number, or what it is. */
static void
sql_order(sqlite3_context *out, int argc, sqlite3_value **argv)
{
	int type = sqlite3_value_type(argv[0]), how = sqlite3_value_int(argv[1]);
	struct ab_str text;
	struct number n;
	int64_t us;

	(void)argc;
	if (type != SQLITE_TEXT && type != SQLITE_BLOB) {
		sqlite3_result_value(out, argv[0]);
		return;
	}
	text = text_of(argv[0]);
	if (how & SQLITE_ORDER_TIMES && clock_parse(text.ptr, text.len, &us) == 0)
		sqlite3_result_int64(out, us);
	else if (!read_number(argv[0], how, &n))
		sqlite3_result_value(out, argv[0]);
	else if (n.kind == NUMBER_INT)
		sqlite3_result_int64(out, n.i);
	else
		sqlite3_result_double(out, n.d);
}

int
sqlite_order_functions(sqlite3 *db)
{
	static const int hows[] = {0, 1, 2, 3};
	const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
	char name[] = SQLITE_COLLATION "?";

	for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++) {
		name[sizeof(name) - 2] = (char)('0' + hows[i]);
		if (sqlite3_create_collation(db, name, SQLITE_UTF8, (void *)&hows[i], collate))
			return -1;
	}
	if (sqlite3_create_function(db, "abhost_order", 2, flags, NULL, sql_order, NULL, NULL) ||
	    sqlite3_create_function(db, "abhost_newer", 3, flags, NULL, sql_newer, NULL, NULL))
		return -1;
	return 0;
}
