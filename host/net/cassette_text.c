/* cassette_text.c - what of an exchange is written down, and how. */
#include <config.h>

#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/redact.h"
#include "base/utf8.h"
#include "data/scan.h"
#include "data/view.h"
#include "net/cassette_private.h"

/* Masked, whatever they hold. */
static const char *const secret_headers[] = {"Authorization", "Proxy-Authorization", "Cookie",
    "X-Api-Key", "Api-Key", "X-Auth-Token", "X-Access-Token"};
/* Of no use when played, and different every time. */
static const char *const passing_headers[] = {"Set-Cookie", "Content-Length", "Content-Encoding",
    "Transfer-Encoding", "Connection", "Keep-Alive", "Server", "Via", "X-Request-Id", "CF-Ray"};

static int
is_one_of(const char *name, size_t n, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(list[i]) == n && strncasecmp(name, list[i], n) == 0)
			return 1;
	return 0;
}

#define IS_ONE_OF(name, n, list) is_one_of(name, n, list, sizeof(list) / sizeof((list)[0]))

int
cassette_redact(struct buf *out, const char *bytes, size_t n)
{
	size_t from = out->len, at, to;

	if (buf_add(out, bytes, n) != 0)
		return -1;
	/* Piece by piece: redact_text ends at a NUL. */
	for (at = to = from; at < out->len; at += n + 1) {
		n = strlen(out->ptr + at);
		redact_text(out->ptr + at);
		memmove(out->ptr + to, out->ptr + at, strlen(out->ptr + at));
		to += strlen(out->ptr + at);
		if (at + n < out->len)
			out->ptr[to++] = '\0';
	}
	out->len = to;
	out->ptr[to] = '\0';
	return 0;
}

/* As it is; lines: each record of a list on one of its own, so that people can compare recordings. */
static void
add_json(struct buf *out, const char *p, size_t n, int lines)
{
	int in_string = 0;

	if (!lines) {
		buf_add(out, p, n);
		return;
	}
	buf_reserve(out, n + n / 16);
	for (size_t i = 0; i < n && !out->failed; i++) {
		buf_addc(out, p[i]);
		if (p[i] == '\\' && in_string && i + 1 < n)
			buf_addc(out, p[++i]);
		else if (p[i] == '"')
			in_string = !in_string;
		else if (p[i] == ',' && !in_string && i > 0 && p[i - 1] == '}' && i + 1 < n &&
		    p[i + 1] == '{')
			buf_addc(out, '\n');
	}
}

static void
add_base64(struct buf *out, const char *bytes, size_t n)
{
	char *to = buf_reserve(out, BASE64_SIZE(n));

	if (to != NULL)
		out->len += base64_encode(bytes, n, to);
}

/* With nothing around it, which would be lost. */
static int
is_json(const struct buf *b)
{
	size_t used = 0;

	return b->len > 0 && strchr(" \t\r\n", b->ptr[0]) == NULL &&
	    strchr(" \t\r\n", b->ptr[b->len - 1]) == NULL &&
	    scan_value(b->ptr, b->len, &used, NULL) == AB_OK && used == b->len;
}

int
cassette_add_body(struct buf *out, const char *bytes, size_t n, int lines)
{
	struct buf plain;

	buf_init(&plain, n + 1);
	if (cassette_redact(&plain, bytes, n) != 0) {
		out->failed = 1;
	} else if (is_json(&plain)) {
		buf_adds(out, "{\"json\": ");
		add_json(out, plain.ptr, plain.len, lines);
		buf_adds(out, "}");
	} else if (utf8_valid(buf_str(&plain), plain.len)) {
		buf_adds(out, "{\"text\": ");
		buf_add_json_string(out, buf_str(&plain), plain.len);
		buf_adds(out, "}");
	} else {
		buf_adds(out, "{\"base64\": \"");
		add_base64(out, plain.ptr, plain.len);
		buf_adds(out, "\"}");
	}
	buf_fini(&plain);
	return out->failed ? -1 : 0;
}

int
cassette_body(const struct ab_json *object, struct buf *out)
{
	const struct ab_json *v = view_get(object, "json");
	struct ab_str text;
	char *to;

	if (v != NULL) {
		text = view_span(v);
		return buf_add(out, text.ptr, text.len);
	}
	v = view_get(object, "text");
	if (v != NULL) {
		text = view_str(v);
		return buf_add(out, text.ptr, text.len);
	}
	v = view_get(object, "base64");
	if (v == NULL)
		return view_type(object) == AB_NULL ? 0 : -1;
	text = view_str(v);
	to = buf_reserve(out, text.len);
	if (to == NULL || base64_decode(text.ptr, text.len, to, &text.len) != 0)
		return -1;
	out->len += text.len;
	return 0;
}

int
cassette_add_headers(struct buf *out, const struct headers *h, int answer)
{
	const char *line = NULL, *colon, *between = "";
	int keep_date = headers_get(h, "Retry-After") != NULL;
	struct buf value;
	size_t n;

	buf_adds(out, "{");
	buf_init(&value, HEADERS_MAX_BYTES);
	while ((line = headers_next(h, line)) != NULL) {
		colon = strchr(line, ':');
		n = colon == NULL ? 0 : (size_t)(colon - line);
		if (n == 0 || IS_ONE_OF(line, n, passing_headers) ||
		    (answer && !keep_date && n == 4 && strncasecmp(line, "Date", 4) == 0))
			continue;
		buf_reset(&value);
		if (IS_ONE_OF(line, n, secret_headers))
			buf_adds(&value, "****");
		else if (cassette_redact(&value, colon + 2, strlen(colon + 2)) != 0)
			out->failed = 1;
		buf_addf(out, "%s\n      ", between);
		buf_add_json_string(out, line, n);
		buf_adds(out, ": ");
		buf_add_json_string(out, buf_str(&value), value.len);
		between = ",";
	}
	buf_fini(&value);
	buf_adds(out, "}");
	return out->failed ? -1 : 0;
}
