/* Laws of host/net/handlers: which rule fits an answer, and what is no rule. */
#include "suite.h"

#include <string.h>

#include "net/handlers.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *rules; /* of the list */
	int status;
	const char *body;
	enum handlers_action action;
} rows[] = {
    {"", 404, "", HANDLERS_NONE},
    /* by status: one, a list, classes, ranges */
    {"{\"status\": 404, \"action\": \"end\"}", 404, "", HANDLERS_END},
    {"{\"status\": 404, \"action\": \"end\"}", 405, "", HANDLERS_NONE},
    {"{\"status\": [403, 404], \"action\": \"skip\"}", 403, "", HANDLERS_SKIP},
    {"{\"status\": \"4xx\", \"action\": \"config\"}", 499, "", HANDLERS_CONFIG},
    {"{\"status\": \"4xx\", \"action\": \"config\"}", 500, "", HANDLERS_NONE},
    {"{\"status\": \"500-503\", \"action\": \"fail\"}", 503, "", HANDLERS_FAIL},
    {"{\"status\": \"500-503\", \"action\": \"fail\"}", 504, "", HANDLERS_NONE},
    {"{\"status\": [418, \"5xx\", \"300-399\"], \"action\": \"retry\"}", 301, "", HANDLERS_RETRY},
    /* by text, also where the status is fine */
    {"{\"contains\": \"THROTTLED\", \"action\": \"retry\"}", 200, "{\"e\":\"THROTTLED\"}",
	HANDLERS_RETRY},
    {"{\"contains\": \"THROTTLED\", \"action\": \"retry\"}", 200, "{\"e\":\"throttled\"}",
	HANDLERS_NONE},
    {"{\"contains\": \"x\", \"action\": \"retry\"}", 200, "", HANDLERS_NONE},
    {"{\"status\": 400, \"contains\": \"no such\", \"action\": \"end\"}", 400, "no such thing",
	HANDLERS_END},
    {"{\"status\": 400, \"contains\": \"no such\", \"action\": \"end\"}", 404, "no such thing",
	HANDLERS_NONE},
    /* by a value in the body */
    {"{\"body\": {\"path\": \"error.code\", \"equals\": 17}, \"action\": \"fail\"}", 200,
	"{\"error\": {\"code\": 17.0}}", HANDLERS_FAIL},
    {"{\"body\": {\"path\": \"error.code\", \"equals\": 17}, \"action\": \"fail\"}", 200,
	"{\"error\": {\"code\": \"17\"}}", HANDLERS_NONE},
    {"{\"body\": {\"path\": \"errors.0.type\", \"equals\": \"rate\"}, \"action\": \"retry\"}", 200,
	"{\"errors\": [{\"type\": \"rate\"}]}", HANDLERS_RETRY},
    {"{\"body\": {\"path\": \"errors.1.type\", \"equals\": \"rate\"}, \"action\": \"retry\"}", 200,
	"{\"errors\": [{\"type\": \"rate\"}]}", HANDLERS_NONE},
    {"{\"body\": {\"path\": \"ok\", \"equals\": false}, \"action\": \"fail\"}", 200,
	"{\"ok\": false}", HANDLERS_FAIL},
    {"{\"body\": {\"path\": \"ok\", \"equals\": false}, \"action\": \"fail\"}", 200, "{}",
	HANDLERS_NONE},
    {"{\"body\": {\"path\": \"error\", \"exists\": true}, \"action\": \"fail\"}", 200,
	"{\"error\": {}}", HANDLERS_FAIL},
    {"{\"body\": {\"path\": \"error\", \"exists\": true}, \"action\": \"fail\"}", 200,
	"{\"error\": null}", HANDLERS_NONE},
    {"{\"body\": {\"path\": \"data\", \"exists\": false}, \"action\": \"end\"}", 200, "{\"a\": 1}",
	HANDLERS_END},
    {"{\"body\": {\"path\": \"data\", \"exists\": false}, \"action\": \"end\"}", 200,
	"{\"data\": 0}", HANDLERS_NONE},
    {"{\"body\": {\"path\": \"message\", \"contains\": \"plan\"}, \"action\": \"config\"}", 402,
	"{\"message\": \"not in your plan\"}", HANDLERS_CONFIG},
    {"{\"body\": {\"path\": \"message\", \"contains\": \"plan\"}, \"action\": \"config\"}", 402,
	"<html>plan</html>", HANDLERS_NONE},
    {"{\"body\": {\"path\": \"\", \"equals\": \"gone\"}, \"action\": \"end\"}", 410, "\"gone\"",
	HANDLERS_END},
    {"{\"body\": {\"path\": \"a\", \"equals\": null}, \"action\": \"end\"}", 200, "{\"a\": null}",
	HANDLERS_END},
    {"{\"body\": {\"path\": \"a.b.c\", \"equals\": 1}, \"action\": \"end\"}", 200,
	"{\"a\": {\"b\": [", HANDLERS_NONE},
    /* the order matters */
    {"{\"status\": 404, \"contains\": \"x\", \"action\": \"fail\"}, {\"status\": 404, "
     "\"action\": \"end\"}, {\"status\": \"4xx\", \"action\": \"config\"}",
	404, "y", HANDLERS_END},
};

static json_t *
load(const char *rules, struct fields *f, char text[2048])
{
	json_t *list;

	snprintf(text, 2048, "{\"errors\": [%s]}", rules);
	*f = (struct fields){"request's options", text};
	list = json_loads(text, 0, NULL);
	ck_assert_msg(list != NULL, "%s", text);
	return list;
}

START_TEST(the_first_rule_that_fits_counts)
{
	char text[2048];
	struct fields f;
	struct error e = ERROR_INIT;
	json_t *d = load(rows[_i].rules, &f, text);
	const json_t *list = json_object_get(d, "errors");
	struct ab_str body = {rows[_i].body, strlen(rows[_i].body)};

	ck_assert_msg(handlers_check(&f, list, &e) == AB_OK, "%s", e.text);
	ck_assert_int_eq(handlers_find(list, rows[_i].status, body).action, rows[_i].action);
	json_decref(d);
}
END_TEST

START_TEST(a_rule_brings_message_and_wait)
{
	char text[2048];
	struct fields f;
	struct handlers_match match;
	json_t *d = load("{\"status\": 420, \"action\": \"retry\", \"message\": \"calm\", "
			 "\"wait_seconds\": 0.25}",
	    &f, text);
	const json_t *list = json_object_get(d, "errors");

	ck_assert_int_eq(handlers_check(&f, list, NULL), AB_OK);
	match = handlers_find(list, 420, (struct ab_str){"", 0});
	ck_assert_str_eq(match.message, "calm");
	ck_assert_int_eq(match.wait_ms, 250);
	ck_assert_int_eq(handlers_find(list, 421, (struct ab_str){"", 0}).wait_ms, -1);
	json_decref(d);
}
END_TEST

static const struct {
	const char *rules, *part;
} bad[] = {
    {"7", "at /errors/0: must be an object"},
    {"{\"status\": 404}", "at /errors/0/action: is missing"},
    {"{\"status\": 404, \"action\": \"ignore\"}", "/errors/0/action: must be \"end\""},
    {"{\"action\": \"end\"}", "would fit every answer"},
    {"{\"status\": 404, \"action\": \"end\"}, {\"status\": 99, \"action\": \"end\"}",
	"at /errors/1/status: must be a status from 200 to 599"},
    {"{\"status\": \"6xx\", \"action\": \"end\"}", "/errors/0/status: must be a status"},
    {"{\"status\": \"499-400\", \"action\": \"end\"}", "/errors/0/status: must be a status"},
    {"{\"status\": \"4xx-5xx\", \"action\": \"end\"}", "/errors/0/status: must be a status"},
    {"{\"status\": [], \"action\": \"end\"}", "/errors/0/status: must be a status"},
    {"{\"status\": [404, true], \"action\": \"end\"}", "/errors/0/status: must be a status"},
    {"{\"status\": 404.5, \"action\": \"end\"}", "/errors/0/status: must be a status"},
    {"{\"status\": true, \"action\": \"end\"}", "must be a number, a string or an array"},
    {"{\"status\": 404, \"action\": \"end\", \"wait_seconds\": 1}", "beside the action \"retry\""},
    {"{\"status\": 404, \"action\": \"retry\", \"wait_seconds\": -1}", "between 0 and 86400"},
    {"{\"status\": 404, \"action\": \"end\", \"masage\": \"m\"}", "did you mean \"message\"?"},
    {"{\"body\": {\"equals\": 1}, \"action\": \"end\"}", "at /errors/0/body/path: is missing"},
    {"{\"body\": {\"path\": \"a\"}, \"action\": \"end\"}", "must have one of \"equals\""},
    {"{\"body\": {\"path\": \"a\", \"equals\": 1, \"exists\": true}, \"action\": \"end\"}",
	"must have one of \"equals\""},
    {"{\"body\": {\"path\": \"a\", \"equals\": []}, \"action\": \"end\"}", "must be no object"},
};

START_TEST(what_is_no_rule_is_told)
{
	char text[2048];
	struct fields f;
	struct error e = ERROR_INIT;
	json_t *d = load(bad[_i].rules, &f, text);

	ck_assert_int_eq(handlers_check(&f, json_object_get(d, "errors"), &e), AB_EBUG);
	ck_assert_msg(strstr(e.text, bad[_i].part) != NULL, "%s", e.text);
	json_decref(d);
}
END_TEST

static Suite *
handlers_suite(void)
{
	Suite *s = suite_create("handlers");
	TCase *t = tcase_create("handlers");

	tcase_add_loop_test(t, the_first_rule_that_fits_counts, 0, COUNT(rows));
	tcase_add_test(t, a_rule_brings_message_and_wait);
	tcase_add_loop_test(t, what_is_no_rule_is_told, 0, COUNT(bad));
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(handlers_suite())
