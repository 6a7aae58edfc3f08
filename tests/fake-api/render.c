/* Records from templates.  Must be fast (a million records in well under a second), and must never depend on
 * anything but the facts: the tests compare what arrived with what is rendered again. */
#include "render.h"

#include <string.h>

/* Placeholders: @i id, @u updated_at, @c created_at, @t type, @n name (JSON text with escapes), @e email,
 * @a amount, @r integer beyond 2^53 or null, @s small integer, @b boolean, @h 16 hex digits,
 * @p a paragraph.  Each one but @i, @u and @c draws afresh from the record's own random numbers. */
static const char flat[] =
    "{\"id\":@i,\"updated_at\":\"@u\",\"type\":\"@t\",\"actor\":\"@e\",\"amount\":@a,\"ref\":@r,"
    "\"active\":@b,\"name\":\"@n\",\"created_at\":\"@c\"}";

static const char user[] =
    "{\"id\":@i,\"name\":\"@n\",\"email\":\"@e\",\"active\":@b,\"logins\":@s,\"balance\":@a,"
    "\"external_id\":@r,\"address\":{\"city\":\"@n\",\"zip\":\"@s\"},\"tags\":[\"@t\",\"@t\"],"
    "\"created_at\":\"@c\"}";

static const char wrong[] =
    "{\"id\":@i,\"updated_at\":\"@u\",\"type\":@s,\"actor\":[\"@e\"],\"amount\":\"about @s\","
    "\"ref\":\"@t\",\"active\":\"yes\",\"name\":{\"first\":\"@n\"},\"created_at\":null}";

#define PERSON(key) \
	"\"" key \
	"\":{\"login\":\"@n\",\"id\":@s,\"node_id\":\"@h\",\"url\":\"https://example.org/u/@h\"," \
	"\"type\":\"User\",\"site_admin\":@b},"
#define LABEL "{\"id\":@s,\"name\":\"@t\",\"color\":\"@h\",\"default\":@b,\"description\":\"@n\"}"

static const char nested[] =
    "{\"id\":@i,\"node_id\":\"@h@h\",\"url\":\"https://example.org/repos/@h/issues/@i\","
    "\"html_url\":\"https://example.org/@h/@i\",\"number\":@s,\"state\":\"@t\",\"title\":\"@n @n\","
    "\"body\":\"@p\\n\\n@p\\r\\n\\t@p\",\"updated_at\":\"@u\",\"created_at\":\"@c\","
    "\"closed_at\":null," PERSON("user") PERSON("assignee") PERSON(
	"closed_by") "\"assignees\":[],\"labels\":[" LABEL "," LABEL "," LABEL
		     "],\"milestone\":{\"id\":@s,\"title\":\"@n\",\"due_on\":null,"
		     "\"counts\":[@s,@s,[@s,{\"deep\":{\"er\":[@r,@a]}}]]},\"locked\":@b,"
		     "\"comments\":@s,\"author_association\":\"MEMBER\","
		     "\"active_lock_reason\":null,\"draft\":@b,"
		     "\"pull_request\":{\"url\":\"https://example.org/pulls/@h\","
		     "\"merged\":@b,\"ref\":@r},"
		     "\"reactions\":{\"+1\":@s,\"-1\":@s,\"laugh\":@s,\"hooray\":0},"
		     "\"score\":@a,\"state_reason\":null,\"tags\":[\"@t\",\"@n\"],"
		     "\"timeline_url\":\"https://example.org/timeline/@h\",\"summary\":\"@p\"}";

#define SIX(n) \
	",\"int_" n "\":@s,\"ref_" n "\":@r,\"rate_" n "\":@s.25,\"flag_" n "\":@b,\"kind_" n \
	"\":\"@t\",\"note_" n "\":\"@n #@h\""

static const char wide[] = "{\"id\":@i,\"updated_at\":\"@u\",\"created_at\":\"@c\",\"name\":\"@n\","
			   "\"amount\":@a,\"ref\":@r" SIX("1") SIX("2") SIX("3") SIX("4") SIX("5")
			       SIX("6") SIX("7") SIX("8") SIX("9") "}";

static const char *const templates[] = {
    [RENDER_FLAT] = flat,
    [RENDER_NESTED] = nested,
    [RENDER_WIDE] = wide,
    [RENDER_USER] = user,
    [RENDER_WRONG] = wrong,
};

static const char *const types[8] = {
    "push", "pull_request", "issue", "issue_comment", "release", "fork", "watch", "create"};

/* JSON text as it goes between the quotes: every kind of escape, and scripts of one to four bytes. */
static const char *const names[16] = {
    "Ada Lovelace",
    "Zo\\u00eb \\\"Q\\\" Quinn",
    "J\xc3\xbcrgen M\xc3\xbcller",
    "\xe5\xb1\xb1\xe7\x94\xb0\xe5\xa4\xaa\xe9\x83\x8e",
    "back\\\\slash \\/ slash",
    "tab\\there, line\\nthere",
    "\\ud83d\\ude80 escaped",
    "\xf0\x9f\x9a\x80 raw",
    "\xd8\xb9\xd8\xa8\xd8\xaf \xd8\xa7\xd9\x84\xd9\x84\xd9\x87",
    "",
    "O'Brien; DROP TABLE",
    "\\u0001\\u001f control",
    "1234567890",
    "\\b\\f\\r all",
    " leading and trailing ",
    "null",
};

static const char paragraph[] =
    "The quick brown fox jumps over the lazy dog while \\\"quoted\\\" words, \xc3\xa9t\xc3\xa9 and "
    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e stand beside C:\\\\paths, https:\\/\\/links and `code`; then a list "
    "follows:\\n- one thing that matters here,\\n- another thing, no less true than the first one,\\n- and "
    "a last remark before the end of the text is finally reached by the patient reader. ";

static uint64_t
random_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static char *
put_text(char *out, const char *text)
{
	size_t n = strlen(text);

	memcpy(out, text, n);
	return out + n;
}

static char *
put_number(char *out, uint64_t v)
{
	char digits[20];
	int n = 0;

	do
		digits[n++] = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	while (n > 0)
		*out++ = digits[--n];
	return out;
}

static char *
put_padded(char *out, unsigned v, int width)
{
	for (int i = width - 1; i >= 0; i--, v /= 10)
		out[i] = (char)('0' + v % 10);
	return out + width;
}

static char *
put_hex(char *out, uint64_t v)
{
	for (int shift = 60; shift >= 0; shift -= 4)
		*out++ = "0123456789abcdef"[v >> shift & 15];
	return out;
}

/* Days since 1970 to a civil date (years from 1970 on), after Howard Hinnant. */
static char *
put_date(char *out, int64_t days)
{
	unsigned z = (unsigned)(days + 719468), era = z / 146097, doe = z % 146097;
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	unsigned month = mp < 10 ? mp + 3 : mp - 9;

	out = put_padded(out, yoe + era * 400 + (month <= 2), 4);
	*out++ = '-';
	out = put_padded(out, month, 2);
	*out++ = '-';
	return put_padded(out, doy - (153 * mp + 2) / 5 + 1, 2);
}

static char *
put_time(char *out, int64_t us)
{
	int64_t ms = us / 1000, days = ms / 86400000;
	unsigned rest = (unsigned)(ms % 86400000);

	out = put_date(out, days);
	*out++ = 'T';
	out = put_padded(out, rest / 3600000, 2);
	*out++ = ':';
	out = put_padded(out, rest / 60000 % 60, 2);
	*out++ = ':';
	out = put_padded(out, rest / 1000 % 60, 2);
	*out++ = '.';
	out = put_padded(out, rest % 1000, 3);
	*out++ = 'Z';
	return out;
}

static char *
put_amount(char *out, uint64_t r)
{
	out = put_number(out, r % 10000);
	if (r >> 58 == 0) /* one in 64 has no fraction: the column must widen */
		return out;
	*out++ = '.';
	return put_padded(out, (unsigned)(r >> 32) % 100, 2);
}

static char *
put_ref(char *out, uint64_t r)
{
	if (r % 4 == 0)
		return put_text(out, "null");
	return put_number(
	    out, (UINT64_C(1) << 53) + 1 + (r >> 3 & ~UINT64_C(1)) % (UINT64_C(1) << 62));
}

static char *
put_email(char *out, uint64_t r)
{
	out = put_text(out, "u");
	out = put_padded(out, (unsigned)(r % 1000000), 6);
	return put_text(out, "@mail.io");
}

static char *
put_field(char *out, char code, const struct render_facts *facts, uint64_t *state)
{
	switch (code) {
	case 'i':
		return put_number(out, facts->id);
	case 'u':
		return put_time(out, facts->updated_us);
	case 'c':
		return put_time(out, facts->created_us);
	case 't':
		return put_text(out, types[random_next(state) % 8]);
	case 'n':
		return put_text(out, names[random_next(state) % 16]);
	case 'e':
		return put_email(out, random_next(state));
	case 'a':
		return put_amount(out, random_next(state));
	case 'r':
		return put_ref(out, random_next(state));
	case 's':
		return put_number(out, random_next(state) % 10000);
	case 'b':
		return put_text(out, random_next(state) % 2 ? "true" : "false");
	case 'h':
		return put_hex(out, random_next(state));
	default:
		return put_text(out, paragraph);
	}
}

char *
render_record(char *out, enum render_shape shape, const struct render_facts *facts)
{
	uint64_t state = facts->seed ^ (uint64_t)facts->id << 32 ^ (uint64_t)facts->updated_us;
	const char *p = templates[shape], *at;

	while ((at = strchr(p, '@')) != NULL) {
		memcpy(out, p, (size_t)(at - p));
		out = put_field(out + (at - p), at[1], facts, &state);
		p = at + 2;
	}
	return put_text(out, p);
}

int
render_shape_named(const char *name)
{
	static const char *const known[] = {"flat", "nested", "wide"};

	for (int i = 0; i < 3; i++)
		if (strcmp(name, known[i]) == 0)
			return i;
	return -1;
}
