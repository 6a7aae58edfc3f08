/* Laws of the SQLite destination: values stay what they were, tables follow their records, an overwrite swaps,
 * the newest of equal keys stays. */
#include "dest_help.h"

#include <sqlite3.h>
#include <string.h>

#define DB "x.db"

/* Writes the pages (the last one is NULL) into stream "t" of x.db, one commit in all. */
static void
sync_pages(const struct dest_stream_spec *spec, const char *const *pages)
{
	struct dest *d = open_dest(DB);
	struct dest_stream *s = begin_stream(d, spec);

	for (; *pages != NULL; pages++)
		put(d, s, *pages);
	ck_ok(d->ops->finish(s, e));
	commit(d);
	d->ops->close(d);
}
#define PAGES(...) \
	(const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}

static const struct dest_stream_spec append = {
    .name = "t", .mode = DEST_APPEND, .generation_id = 1};

START_TEST(values_stay_what_they_were)
{
	sync_pages(&append,
	    PAGES(
		"{\"i\":9223372036854775807,\"r\":0.1,\"b\":true,\"s\":\"a\\u0000\\\"b\",\"o\":{\"k\": [1,  2]}}"
		"{\"i\":-9223372036854775808,\"r\":9007199254740993,\"b\":false,\"s\":\"\",\"o\":[]}"
		"{\"i\":null,\"r\":1e3}"));
	ck_rows(DB, "SELECT i, r, b, s, o FROM t",
	    "9223372036854775807,0.10000000000000001,1,'a<NUL>\"b','{\"k\": [1,  2]}'|"
	    "-9223372036854775808,9007199254740993,0,'','[]'|NULL,1000,NULL,NULL,NULL");
	ck_rows(DB, "SELECT type FROM pragma_table_info('t') ORDER BY cid",
	    "'INTEGER'|'NUMERIC'|'BOOLEAN'|'TEXT'|'TEXT'|'TEXT'|'TEXT'|'INTEGER'");
	ck_rows(DB,
	    "SELECT DISTINCT _airbyte_meta, _airbyte_generation_id,"
	    " length(_airbyte_extracted_at) FROM t",
	    "'{}',1,27");
}
END_TEST

START_TEST(columns_widen_and_lose_nothing)
{
	sync_pages(&append,
	    PAGES("{\"a\":1,\"b\":true,\"c\":1,\"d\":null,\"e\":1,\"f\":[1],\"g\":0.1}",
		"{\"a\":1.5,\"b\":2,\"c\":\"x\",\"d\":7,\"e\":123456789012345678901234567890,"
		"\"f\":\"x\",\"g\":1e400}",
		"{\"a\":2,\"b\":false,\"c\":0.10,\"d\":true,\"e\":1.0,\"h\":1}"));
	ck_rows(DB, "SELECT a,b,c,d,e,f,g,h FROM t",
	    "1,'true','1',NULL,'1','[1]','0.1',NULL|"
	    "1.5,'2','x','7','123456789012345678901234567890','x','1e400',NULL|"
	    "2,'false','0.10','true','1.0',NULL,NULL,1");
	ck_rows(DB, "PRAGMA integrity_check", "'ok'");
}
END_TEST

static Suite *
sqlite_suite(void)
{
	Suite *s = suite_create("sqlite");
	TCase *t = tcase_create("sqlite");

	tcase_add_checked_fixture(t, scratch_begin, scratch_end);
	tcase_add_test(t, values_stay_what_they_were);
	tcase_add_test(t, columns_widen_and_lose_nothing);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(sqlite_suite())
