/* proxy.c - see proxy.h. */
#include <config.h>

#include "net/proxy.h"

#include <stdlib.h>
#include <string.h>

#include "base/redact.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* In libcurl's order.  HTTP_PROXY is not among them: a CGI server lets anyone set it. */
static const char *const https[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"},
			 *const http[] = {"http_proxy", "all_proxy", "ALL_PROXY"};

static int
digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c == '\0' ? NULL : strchr(digits, c | 0x20);

	return at == NULL ? -1 : (int)(at - digits);
}

/* As it stands, and as libcurl decodes it. */
static int
hide(const char *text, size_t len)
{
	char *plain = malloc(len + 1);
	size_t n = 0;
	int rc = redact_add(text, len);

	if (plain == NULL)
		return -1;
	for (size_t i = 0; i < len; i++) {
		int high = text[i] == '%' && len - i > 2 ? digit(text[i + 1]) : -1;
		int low = high >= 0 ? digit(text[i + 2]) : -1;

		plain[n++] = low >= 0 ? (char)(high << 4 | low) : text[i];
		i += low >= 0 ? 2 : 0;
	}
	rc |= redact_add(plain, n);
	explicit_bzero(plain, len + 1);
	free(plain);
	return rc;
}

static int
hide_in(const char *url)
{
	const char *from = url == NULL ? NULL : strstr(url, "://"), *at, *colon;

	if (url == NULL)
		return 0;
	from = from == NULL ? url : from + 3;
	at = memrchr(from, '@', strcspn(from, "/?#"));
	if (at == NULL)
		return 0;
	colon = memchr(from, ':', (size_t)(at - from));
	if (colon == NULL)
		return hide(from, (size_t)(at - from));
	return hide(colon + 1, (size_t)(at - colon - 1)) | hide(from, (size_t)(at - from));
}

int
proxy_hide(void)
{
	int rc = 0;

	for (size_t i = 0; i < COUNT(https); i++)
		rc |= hide_in(getenv(https[i]));
	return rc | hide_in(getenv(http[0]));
}

const char *
proxy_variable(int is_https)
{
	const char *const *names = is_https ? https : http;
	const char *value;

	for (size_t i = 0; i < (is_https ? COUNT(https) : COUNT(http)); i++) {
		value = getenv(names[i]);
		if (value != NULL && value[0] != '\0')
			return names[i];
	}
	return NULL;
}
