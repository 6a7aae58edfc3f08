/* explain.c - see explain.h. */
#include "net/explain.h"

#include <stdio.h>
#include <string.h>

#include "base/redact.h"
#include "net/retry.h"

#define LOOK_BYTES \
	4096 /* of a body; more than is shown, so that no secret is cut in two before it is found */
#define SHOWN_BYTES 200

const char *
explain_status(int status, char out[EXPLAIN_STATUS])
{
	static const struct {
		int status;
		const char *phrase;
	} known[] = {{200, "OK"}, {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"},
	    {307, "Temporary Redirect"}, {308, "Permanent Redirect"}, {400, "Bad Request"},
	    {401, "Unauthorized"}, {402, "Payment Required"}, {403, "Forbidden"},
	    {404, "Not Found"}, {405, "Method Not Allowed"}, {406, "Not Acceptable"},
	    {407, "Proxy Authentication Required"}, {408, "Request Timeout"}, {409, "Conflict"},
	    {410, "Gone"}, {411, "Length Required"}, {412, "Precondition Failed"},
	    {413, "Content Too Large"}, {414, "URI Too Long"}, {415, "Unsupported Media Type"},
	    {416, "Range Not Satisfiable"}, {422, "Unprocessable Content"}, {423, "Locked"},
	    {425, "Too Early"}, {426, "Upgrade Required"}, {428, "Precondition Required"},
	    {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"},
	    {451, "Unavailable For Legal Reasons"}, {500, "Internal Server Error"},
	    {501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"},
	    {504, "Gateway Timeout"}};
	const char *phrase = "";

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].status == status)
			phrase = known[i].phrase;
	snprintf(out, EXPLAIN_STATUS, "%d%s%s", status, phrase[0] == '\0' ? "" : " ", phrase);
	return out;
}

const char *
explain_time(int64_t ms, char out[EXPLAIN_TIME])
{
	static const struct {
		const char *unit;
		int64_t ms, up_to;
	} units[] = {{"s", 1000, 120}, {"min", 60000, 120}, {"hours", 3600000, 48},
	    {"days", 86400000, INT64_MAX}};
	size_t i = 0;

	while (ms / units[i].ms >= units[i].up_to)
		i++;
	snprintf(out, EXPLAIN_TIME, "%lld %s", (long long)((ms + units[i].ms / 2) / units[i].ms),
	    units[i].unit);
	return out;
}

/* Blanks for white space and for what does not print, one at a time; no half character at the end. */
static void
tidy(char *text)
{
	const unsigned char *in = (unsigned char *)text;
	size_t n = 0;

	for (; *in != '\0' && n < SHOWN_BYTES; in++) {
		if (*in > 0x20 && *in != 0x7f)
			text[n++] = (char)*in;
		else if (n > 0 && text[n - 1] != ' ')
			text[n++] = ' ';
	}
	if (*in != '\0') {
		while (n > 0 && (text[n - 1] & 0xc0) == 0x80)
			n--;
		n -= n > 0 && (text[n - 1] & 0x80);
	}
	text[n] = '\0';
}

const char *
explain_text(const char *code, const char *detail, char out[EXPLAIN_BODY])
{
	snprintf(out, EXPLAIN_BODY, "%.1000s%s%.3000s", code,
	    code[0] != '\0' && detail[0] != '\0' ? ": " : "", detail);
	tidy(redact_text(out));
	return out;
}

const char *
explain_body(const struct http_response *resp, char out[EXPLAIN_BODY])
{
	size_t n = resp->body.len < LOOK_BYTES ? resp->body.len : LOOK_BYTES;

	for (size_t i = 0; i < n; i++)
		out[i] = resp->body.ptr[i] == '\0' ? ' ' : resp->body.ptr[i];
	out[n] = '\0';
	tidy(redact_text(out));
	return out;
}

static void
advise(const struct request *r, int status, const struct endpoint *asked, char *out, size_t size)
{
	if (status == 407)
		snprintf(out, size,
		    " - the proxy of the environment wants a user and a password: http_proxy=http://USER:PASSWORD@HOST");
	else if (asked != NULL && r->endpoint == NULL)
		snprintf(out, size,
		    " - it was redirected to another origin, which gets no credentials; if "
		    "you trust it, make it the base_url");
	else if (asked != NULL && asked->auth.keys[0] != '\0')
		snprintf(out, size, " - check %s in the config", asked->auth.keys);
	else
		snprintf(out, size, " - the request carried no credentials");
}

static ab_status
status_of(int status)
{
	if (status == 401 || status == 403 || status == 407)
		return AB_ECONFIG;
	return retry_is_passing(status) ? AB_ETRANSIENT : AB_EDATA;
}

ab_status
explain_answer(const struct request *r, const struct http_response *resp,
    const struct endpoint *asked, const struct explain_more *more, struct error *e)
{
	char code[EXPLAIN_STATUS], body[EXPLAIN_BODY], advice[400] = "";
	const char *message = more->message == NULL ? "" : more->message;

	explain_body(resp, body);
	if (message[0] == '\0' && more->status == AB_OK && status_of(resp->status) == AB_ECONFIG)
		advise(r, resp->status, asked, advice, sizeof(advice));
	return error_set(e, more->status != AB_OK ? more->status : status_of(resp->status),
	    "%s %.600s: %s%s%.500s%s%s%s%s%s%s", r->method, buf_str(&r->shown),
	    explain_status(resp->status, code), message[0] == '\0' ? "" : ": ", message,
	    body[0] == '\0' ? "" : ": ", body, advice, more->why[0] == '\0' ? "" : " (", more->why,
	    more->why[0] == '\0' ? "" : ")");
}
