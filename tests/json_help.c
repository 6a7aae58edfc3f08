/* json_help.c - see json_help.h. */
#include "json_help.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data/value.h"

const char *
wall_copy(const char *text, size_t len, size_t padding)
{
	static char *map;
	static size_t size;
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t need = (len + padding + page) / page * page;
	char *start;

	if (need > size) {
		if (map != NULL)
			munmap(map, size + page);
		size = need * 2;
		map = mmap(
		    NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (map == MAP_FAILED || mprotect(map + size, page, PROT_NONE) != 0)
			abort();
	}
	start = map + size - padding - len;
	if (len > 0)
		memcpy(start, text, len);
	memset(start + len, 0, padding);
	return start;
}

uint64_t
random_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static size_t
random_below(uint64_t *state, size_t n)
{
	return n == 0 ? 0 : (size_t)(random_next(state) % n);
}

static const char *
random_of(uint64_t *state, const char *const *list, size_t n)
{
	return list[random_below(state, n)];
}

#define RANDOM_OF(state, list) random_of(state, list, sizeof(list) / sizeof(list[0]))

static void
put_value(struct buf *t, uint64_t *state, int depth)
{
	static const char *const scalars[] = {"null", "true", "false", "0", "-0", "7", "-12",
	    "9223372036854775807", "-9223372036854775808", "1234567890123456", "359.40", "0.1",
	    "-1.5e-3", "1E5", "1e+2", "2.5E-007", "9007199254740993", "0.30000000000000004",
	    "123456789012345678", "5e-324", "1.7976931348623157e308", "4.35", "99999999999999.99"};
	static const char *const strings[] = {"\"\"", "\"x\"",
	    "\"a longer text, past sixteen bytes\"", "\"2024-02-29T12:00:00Z\"",
	    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u00e9\\u0000\\ud83d\\ude00\"",
	    "\"caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e \xf0\x9f\x98\x80\"",
	    "\"quote \\\" inside, and [brackets] {here}, : more\"", "\"\\\\\\\\\\\\\"", "\"\x7f\""};
	size_t n;

	switch (random_below(state, depth > 3 ? 2 : 4)) {
	case 0:
		buf_adds(t, RANDOM_OF(state, scalars));
		break;
	case 1:
		buf_adds(t, RANDOM_OF(state, strings));
		break;
	case 2:
		n = random_below(state, 4);
		buf_addc(t, '[');
		for (size_t i = 0; i < n; i++) {
			buf_adds(t, i > 0 ? ", " : "");
			put_value(t, state, depth + 1);
		}
		buf_addc(t, ']');
		break;
	default:
		n = random_below(state, 4);
		buf_addc(t, '{');
		for (size_t i = 0; i < n; i++) {
			buf_addf(t, "%s\"k%zu\" : ", i > 0 ? "," : "", random_below(state, 5));
			put_value(t, state, depth + 1);
		}
		buf_addc(t, '}');
	}
}

static void
put_record(struct buf *t, uint64_t *state)
{
	static const char *const keys[] = {"id", "name", "name_of", "updated_at",
	    "a_key_of_sixteen", "x", "a_key_that_is_longer_than_thirty_two_bytes", "\\u0069d",
	    "na\\\"me", "cl\xc3\xa9", ""};
	static const char *const colons[] = {":", ":", ":", ":", ": ", " :", ":\n ", "\t:\r\n"};
	const int in_order = random_below(state, 4) != 0;
	const size_t all = sizeof(keys) / sizeof(keys[0]);
	size_t n = 0;

	buf_addc(t, '{');
	for (size_t i = 0; i < all; i++) {
		if (random_below(state, 8) == 0)
			continue;
		buf_addf(t, "%s\"%s\"%s", n++ > 0 ? "," : "",
		    in_order ? keys[i] : RANDOM_OF(state, keys), RANDOM_OF(state, colons));
		put_value(t, state, 0);
	}
	buf_addc(t, '}');
}

void
text_generate(struct buf *t, uint64_t *state)
{
	static const char *const between[] = {"\n", "", " \r\n\t", " "};
	const int as_array = random_below(state, 2) == 0;
	const size_t n = 1 + random_below(state, 3);

	buf_reset(t);
	buf_adds(t, as_array ? "[" : "");
	for (size_t i = 0; i < n; i++) {
		buf_adds(t, as_array && i > 0 ? "," : "");
		put_record(t, state);
		buf_adds(t, RANDOM_OF(state, between));
	}
	buf_adds(t, as_array ? "]" : "");
}

static void
splice(struct buf *t, size_t at, size_t drop, const char *bytes, size_t n)
{
	char *tail;
	size_t left;

	drop = drop > t->len - at ? t->len - at : drop;
	left = t->len - at - drop;
	tail = malloc(left + 1);
	if (tail == NULL)
		abort();
	memcpy(tail, t->ptr + at + drop, left);
	t->len = at;
	buf_add(t, bytes, n);
	buf_add(t, tail, left);
	free(tail);
}

void
text_mutate(struct buf *t, uint64_t *state)
{
	static const char wild[] =
	    "\"\"\"\\\\{}[]::,,0123456789-+.eEtfnu \t\n\r\0\x01\x1f\x7f\x80\xbf\xc0\xc3"
	    "\xe0\xed\xa0\xef\xbb\xbf\xf0\xf4\x90\xf5\xff/abcdABCD";
	size_t edits = 1 + random_below(state, 3), at, n;
	char copy[16];

	while (edits-- > 0 && t->len > 0) {
		at = random_below(state, t->len);
		n = 1 + random_below(state, sizeof(copy) - 1);
		switch (random_below(state, 8)) {
		case 0:
			t->len = at;
			break;
		case 1:
			splice(t, at, n, "", 0);
			break;
		case 2:
			n = n > t->len - at ? t->len - at : n;
			memcpy(copy, t->ptr + at, n);
			splice(t, random_below(state, t->len), 0, copy, n);
			break;
		case 3:
			splice(t, at, 1, "", 0);
			break;
		case 4:
			copy[0] = (char)random_next(state);
			splice(t, at, 1, copy, 1);
			break;
		default:
			splice(t, at, random_below(state, 2),
			    &wild[random_below(state, sizeof(wild) - 1)], 1);
		}
	}
}

static enum oracle_verdict
refusal(const json_error_t *e)
{
	if (json_error_code(e) == json_error_numeric_overflow ||
	    json_error_code(e) == json_error_null_byte_in_key ||
	    strstr(e->text, "invalid Unicode '\\u") != NULL)
		return ORACLE_UNSURE;
	return ORACLE_NO;
}

enum oracle_verdict
oracle_value(const char *text, size_t len, json_t **value)
{
	json_error_t e;
	json_t *v;
	enum oracle_verdict verdict;

	/* jansson swallows a zero byte behind a number or literal */
	if (len > 0 && memchr(text, '\0', len) != NULL)
		return ORACLE_NO;
	v = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
	verdict = v == NULL ? refusal(&e) : ORACLE_YES;
	if (value != NULL)
		*value = v;
	else
		json_decref(v);
	return verdict;
}

/* Adds an object, or the objects of an array. */
static enum oracle_verdict
add_records(json_t *records, json_t *v)
{
	const json_t *item;
	size_t i;

	if (json_is_object(v)) {
		json_array_append(records, v);
		return ORACLE_YES;
	}
	json_array_foreach (v, i, item) {
		if (!json_is_object(item))
			return ORACLE_NO;
	}
	return json_array_extend(records, v) == 0 ? ORACLE_YES : ORACLE_NO;
}

enum oracle_verdict
oracle_page(const char *text, size_t len, json_t **records)
{
	enum oracle_verdict verdict = ORACLE_YES;
	json_error_t e;
	json_t *v;

	if (len > 0 && memchr(text, '\0', len) != NULL)
		return ORACLE_NO;
	*records = json_array();
	for (;;) {
		while (len > 0 && memchr(" \t\r\n", *text, 4) != NULL)
			text++, len--;
		if (len == 0 || verdict != ORACLE_YES)
			break;
		v = json_loadb(text, len, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, &e);
		verdict = v == NULL ? refusal(&e) : add_records(*records, v);
		json_decref(v);
		text += v == NULL ? 0 : e.position;
		len -= v == NULL ? 0 : (size_t)e.position;
	}
	if (verdict != ORACLE_YES) {
		json_decref(*records);
		*records = NULL;
	}
	return verdict;
}

static const char *
compare_number(const struct scan_field *f, const char *page, const json_t *v)
{
	double d;
	int64_t n;

	if (f->type == SCAN_INT && value_int(page + f->val, f->vlen, &n) == 0)
		return json_is_integer(v) && json_integer_value(v) == n ? NULL : "integer";
	value_real(page + f->val, f->vlen, &d);
	return d == json_number_value(v) ? NULL : "number";
}

static const char *
compare_value(const struct scan_field *f, const char *page, const json_t *v)
{
	char *text;
	json_t *mine;
	size_t n;
	int lossy, same;

	switch (f->type) {
	case SCAN_NULL:
		return json_is_null(v) ? NULL : "null";
	case SCAN_FALSE:
		return json_is_false(v) ? NULL : "false";
	case SCAN_TRUE:
		return json_is_true(v) ? NULL : "true";
	case SCAN_INT:
	case SCAN_REAL:
		return compare_number(f, page, v);
	case SCAN_STRING:
		if (((f->flags & SCAN_ESCAPED) != 0) !=
		    (memchr(page + f->val, '\\', f->vlen) != NULL))
			return "flag of an escaped string";
		text = malloc(f->vlen + 1);
		if (text == NULL)
			return "memory";
		n = value_unescape(page + f->val, f->vlen, text, &lossy);
		same = json_is_string(v) && json_string_length(v) == n && !lossy &&
		    memcmp(json_string_value(v), text, n) == 0;
		free(text);
		return same ? NULL : "string";
	default:
		mine = NULL;
		oracle_value(page + f->val, f->vlen, &mine);
		same = mine != NULL && json_equal(mine, v);
		json_decref(mine);
		return same ? NULL : "container";
	}
}

/* The last field of this name counts. */
static const struct scan_field *
find_field(const struct scan_field *fields, size_t n, const char *page, const char *key)
{
	const struct scan_field *found = NULL;

	for (size_t i = 0; i < n; i++) {
		if (value_key_equal(page + fields[i].key, fields[i].klen,
			(fields[i].flags & SCAN_KEY_ESCAPED) != 0, key, strlen(key), 0))
			found = &fields[i];
	}
	return found;
}

const char *
oracle_compare(const struct scan *s, const char *page, const json_t *records)
{
	const struct scan_field *fields, *f;
	const char *key, *wrong;
	json_t *record, *value;
	size_t i;

	if (s->nrecords != json_array_size(records))
		return "number of records";
	json_array_foreach (records, i, record) {
		fields = s->fields + s->records[i].field;
		if (page[s->records[i].off] != '{' ||
		    page[s->records[i].off + s->records[i].len - 1] != '}')
			return "span of a record";
		if (s->records[i].count < json_object_size(record))
			return "number of fields";
		json_object_foreach (record, key, value) {
			f = find_field(fields, s->records[i].count, page, key);
			wrong = f == NULL ? "missing field" : compare_value(f, page, value);
			if (wrong != NULL)
				return wrong;
		}
	}
	return NULL;
}
