/* Laws of shapes: what a key is called, what a schema promises, which type holds which values. */
#include "suite.h"

#include <string.h>

#include "base/buf.h"
#include "dest/shape.h"

static enum shape_type
type_of(const char *schema, int *is_time)
{
	json_t *property = json_loads(schema, JSON_DECODE_ANY, NULL);
	enum shape_type t;

	ck_assert_msg(property != NULL, "%s", schema);
	t = shape_type_of_schema(property);
	*is_time = shape_is_time(property);
	json_decref(property);
	return t;
}

START_TEST(a_schema_promises_a_type)
{
	static const struct {
		const char *schema;
		enum shape_type type;
		int is_time;
	} cases[] = {
	    {"{\"type\":\"integer\"}", SHAPE_INTEGER, 0},
	    {"{\"type\":[\"null\",\"number\"]}", SHAPE_NUMBER, 0},
	    {"{\"type\":[\"integer\",\"number\"]}", SHAPE_NUMBER, 0},
	    {"{\"type\":[\"integer\",\"boolean\"]}", SHAPE_TEXT, 0},
	    {"{\"type\":[\"object\",\"array\"]}", SHAPE_JSON, 0},
	    {"{\"type\":[\"object\",\"string\"]}", SHAPE_TEXT, 0},
	    {"{\"type\":\"string\",\"format\":\"date-time\"}", SHAPE_TEXT, 1},
	    {"{\"type\":\"string\",\"format\":\"date\"}", SHAPE_TEXT, 1},
	    {"{\"type\":\"string\",\"format\":\"email\"}", SHAPE_TEXT, 0},
	    {"{\"format\":\"date-time\"}", SHAPE_TEXT, 1},
	    {"{\"type\":\"string\",\"airbyte_type\":\"timestamp_without_timezone\"}", SHAPE_TEXT,
		1},
	    {"{\"type\":\"number\",\"airbyte_type\":\"integer\"}", SHAPE_INTEGER, 0},
	    {"{\"type\":\"string\",\"airbyte_type\":\"big_integer\"}", SHAPE_INTEGER, 0},
	    {"{\"oneOf\":[{\"type\":\"null\"},{\"type\":\"integer\"}]}", SHAPE_INTEGER, 0},
	    {"{\"anyOf\":[{\"type\":\"string\",\"format\":\"date-time\"},{\"type\":\"null\"}]}",
		SHAPE_TEXT, 1},
	    {"{\"allOf\":[{\"oneOf\":[{\"type\":\"boolean\"}]}]}", SHAPE_BOOLEAN, 0},
	    {"{\"const\":1.5}", SHAPE_NUMBER, 0},
	    {"{\"enum\":[\"a\",\"b\",null]}", SHAPE_TEXT, 0},
	    {"{\"enum\":[1,2.5]}", SHAPE_NUMBER, 0},
	    {"{\"properties\":{}}", SHAPE_JSON, 0},
	    {"{\"items\":{}}", SHAPE_JSON, 0},
	    {"{}", SHAPE_NONE, 0},
	    {"true", SHAPE_NONE, 0},
	    {"{\"type\":\"null\"}", SHAPE_NONE, 0},
	    {"{\"type\":\"rocket\"}", SHAPE_NONE, 0},
	    {"{\"$ref\":\"#/definitions/x\"}", SHAPE_NONE, 0},
	};
	int is_time;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_msg(
		    type_of(cases[i].schema, &is_time) == cases[i].type, "%s", cases[i].schema);
		ck_assert_msg(is_time == cases[i].is_time, "%s", cases[i].schema);
	}
}
END_TEST

START_TEST(types_join_whatever_the_order)
{
	for (int a = SHAPE_NONE; a < SHAPE_TYPES; a++)
		for (int b = SHAPE_NONE; b < SHAPE_TYPES; b++) {
			enum shape_type ab = shape_join((enum shape_type)a, (enum shape_type)b);

			ck_assert_int_eq(ab, shape_join((enum shape_type)b, (enum shape_type)a));
			ck_assert_int_eq(shape_join(ab, (enum shape_type)a), ab);
		}
	ck_assert_int_eq(shape_join(SHAPE_INTEGER, SHAPE_NUMBER), SHAPE_NUMBER);
	ck_assert_int_eq(shape_join(SHAPE_NONE, SHAPE_BOOLEAN), SHAPE_BOOLEAN);
	ck_assert_int_eq(shape_join(SHAPE_BOOLEAN, SHAPE_INTEGER), SHAPE_TEXT);
	ck_assert_int_eq(shape_join(SHAPE_JSON, SHAPE_TEXT), SHAPE_TEXT);
}
END_TEST

/* Scans one record with one field and asks for its value's type. */
static enum shape_type
value_type(const char *value, struct scan *scan, char *bytes, size_t size)
{
	memset(bytes, 0, size);
	snprintf(bytes, size - SCAN_PADDING, "{\"k\":%s}", value);
	ck_assert_int_eq(scan_page(scan, bytes, strlen(bytes), NULL), AB_OK);
	return shape_type_of_value(&scan->fields[0], bytes);
}

START_TEST(a_value_fits_what_holds_it_exactly)
{
	static const struct {
		const char *value;
		enum shape_type type;
	} cases[] = {
	    {"null", SHAPE_NONE},
	    {"true", SHAPE_BOOLEAN},
	    {"0", SHAPE_INTEGER},
	    {"9223372036854775807", SHAPE_INTEGER},
	    {"-9223372036854775808", SHAPE_INTEGER},
	    {"9223372036854775808", SHAPE_TEXT},
	    {"10000000000000000000", SHAPE_NUMBER},
	    {"123456789012345678901234567890", SHAPE_TEXT},
	    {"0.1", SHAPE_NUMBER},
	    {"359.40", SHAPE_NUMBER},
	    {"1e400", SHAPE_TEXT},
	    {"1e-400", SHAPE_TEXT},
	    {"1e5", SHAPE_NUMBER},
	    {"0.12345678901234567890", SHAPE_TEXT},
	    {"\"\"", SHAPE_TEXT},
	    {"[]", SHAPE_JSON},
	    {"{}", SHAPE_JSON},
	};
	struct scan scan;
	char bytes[256];

	scan_init(&scan);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum shape_type t = value_type(cases[i].value, &scan, bytes, sizeof(bytes));

		ck_assert_msg(t == cases[i].type, "%s: %s", cases[i].value, shape_type_word(t));
		for (int c = SHAPE_NONE; c < SHAPE_TYPES; c++)
			ck_assert_msg(shape_fits((enum shape_type)c, &scan.fields[0], bytes) ==
				(shape_join((enum shape_type)c, t) == (enum shape_type)c),
			    "%s in %s", cases[i].value, shape_type_word((enum shape_type)c));
	}
	scan_fini(&scan);
}
END_TEST

static const char *
table_name(const char *namespace_, const char *stream)
{
	static struct buf out;

	buf_fini(&out);
	buf_init(&out, 1 << 20);
	ck_assert_int_eq(shape_table_name(&out, namespace_, stream), 0);
	return buf_str(&out);
}

START_TEST(a_table_is_called_like_its_stream)
{
	ck_assert_str_eq(table_name(NULL, "Users"), "Users");
	ck_assert_str_eq(table_name("", "users"), "users");
	ck_assert_str_eq(table_name("crm", "users"), "crm_users");
	ck_assert_str_eq(table_name(NULL, "a b\tc\"d"), "a b_c\"d");
	ck_assert_str_eq(table_name(NULL, "SQLite_x"), "_SQLite_x");
	ck_assert_str_eq(table_name(NULL, "_abhost_state"), "__abhost_state");
	ck_assert_str_eq(table_name("_abhost", "state"), "__abhost_state");
	ck_assert_str_eq(table_name(NULL, ""), "_");
}
END_TEST

static struct shape_column *
column(struct shape *s, const char *key, size_t klen)
{
	struct error e = ERROR_INIT;
	uint32_t col = shape_column(s, key, klen, &e);

	ck_assert_uint_ne(col, SHAPE_NOWHERE);
	return &s->cols[col];
}

START_TEST(columns_have_names_of_their_own)
{
	static const char *const keys[] = {
	    "id", "ID", "iD", "", "_airbyte_extracted_at", "_ABHOST_more", "a\nb", "a_b"};
	static const char *const names[] = {"id", "ID_2", "iD_3", "_empty",
	    "_airbyte_extracted_at_2", "_ABHOST_more_2", "a_b", "a_b_2"};
	struct error e = ERROR_INIT;
	struct shape s, next;

	shape_init(&s, 2000);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		uint32_t col = shape_column(&s, keys[i], strlen(keys[i]), &e);

		ck_assert_uint_eq(col, i);
		ck_assert_str_eq(s.cols[col].name, names[i]);
		ck_assert_uint_eq(shape_find(&s, keys[i], strlen(keys[i])), i);
	}
	/* a key may hold NUL */
	ck_assert_str_eq(column(&s, "a\0b", 3)->name, "a_b_3");
	/* the next shape, in whatever order its keys come, calls them the same */
	shape_init(&next, 2000);
	shape_use_names(&next, &s);
	ck_assert_str_eq(column(&next, "iD", 2)->name, "iD_3");
	ck_assert_str_eq(column(&next, "a\0b", 3)->name, "a_b_3");
	ck_assert_str_eq(column(&next, "id", 2)->name, "id");
	shape_fini(&next);
	shape_fini(&s);
}
END_TEST

START_TEST(long_names_are_cut_and_stay_apart)
{
	struct shape s;
	char key[3002];
	const char *a, *b;

	/* two-byte characters, so that the cut falls inside one or not, by the key's first byte */
	for (size_t i = 0; i + 1 < sizeof(key); i += 2)
		memcpy(key + i, "\xc3\xa9", 2);
	shape_init(&s, 2000);
	a = column(&s, key, 3000)->name;
	ck_assert_uint_le(strlen(a), SHAPE_MAX_NAME);
	ck_assert_uint_eq((strlen(a) - 17) % 2, 0);
	memcpy(key + 2998, "xx", 2);
	b = column(&s, key, 3000)->name;
	a = s.cols[0].name;
	ck_assert_str_ne(a, b);
	ck_assert_int_eq(memcmp(a, b, strlen(a) - 16), 0);
	shape_fini(&s);
}
END_TEST

START_TEST(a_shape_saved_is_the_shape_loaded)
{
	struct error e = ERROR_INIT;
	struct shape s, back;
	struct buf text, again;

	shape_init(&s, 2000);
	shape_init(&back, 2000);
	buf_init(&text, 1 << 20);
	buf_init(&again, 1 << 20);
	ck_assert_int_eq(shape_save(&s, &text), 0);
	ck_assert_str_eq(buf_str(&text), "[]");
	shape_column(&s, "a\0b", 3, &e);
	column(&s, "x\"y", 3)->type = SHAPE_NUMBER;
	ck_assert_int_eq(shape_add_system(&s, &e), AB_OK);
	column(&s, "late", 4)->type = SHAPE_JSON;
	buf_reset(&text);
	ck_assert_int_eq(shape_save(&s, &text), 0);
	ck_assert_int_eq(shape_load(&back, buf_str(&text), &e), AB_OK);
	ck_assert_int_eq(shape_save(&back, &again), 0);
	ck_assert_str_eq(buf_str(&text), buf_str(&again));
	ck_assert_uint_eq(shape_find(&back, "a\0b", 3), 0);
	ck_assert_int_eq(shape_is_made(&back), 1);
	ck_assert_int_eq(shape_is_made(&s), 0);
	ck_assert_int_eq(shape_load(&back, "[{\"key\":1}]", &e), AB_EDATA);
	shape_fini(&s);
	shape_fini(&back);
	buf_fini(&text);
	buf_fini(&again);
}
END_TEST

static Suite *
shape_suite(void)
{
	Suite *s = suite_create("shape");
	TCase *t = tcase_create("shape");

	tcase_add_test(t, a_schema_promises_a_type);
	tcase_add_test(t, types_join_whatever_the_order);
	tcase_add_test(t, a_value_fits_what_holds_it_exactly);
	tcase_add_test(t, a_table_is_called_like_its_stream);
	tcase_add_test(t, columns_have_names_of_their_own);
	tcase_add_test(t, long_names_are_cut_and_stay_apart);
	tcase_add_test(t, a_shape_saved_is_the_shape_loaded);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(shape_suite())
