/* base64.c - see base64.h. */
#include "base/base64.h"

#include <string.h>

static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t
base64_encode(const char *bytes, size_t n, char *out)
{
	const unsigned char *s = (const unsigned char *)bytes;
	char *p = out;

	for (; n >= 3; n -= 3, s += 3) {
		*p++ = digit[s[0] >> 2];
		*p++ = digit[(s[0] & 3) << 4 | s[1] >> 4];
		*p++ = digit[(s[1] & 15) << 2 | s[2] >> 6];
		*p++ = digit[s[2] & 63];
	}
	if (n > 0) {
		*p++ = digit[s[0] >> 2];
		*p++ = digit[(s[0] & 3) << 4 | (n > 1 ? s[1] >> 4 : 0)];
		*p++ = n > 1 ? digit[(s[1] & 15) << 2] : '=';
		*p++ = '=';
	}
	*p = '\0';
	return (size_t)(p - out);
}

int
base64_decode(const char *text, size_t n, char *out, size_t *len)
{
	char *p = out;
	unsigned long bits = 0;
	const char *at;
	size_t pad = 0, i;

	if (n % 4 != 0)
		return -1;
	while (pad < 2 && n > pad && text[n - 1 - pad] == '=')
		pad++;
	for (i = 0; i < n - pad; i++) {
		at = memchr(digit, text[i], sizeof(digit) - 1);
		if (at == NULL)
			return -1;
		bits = bits << 6 | (unsigned long)(at - digit);
		if (i % 4 > 0)
			*p++ = (char)(bits >> (6 - i % 4 * 2));
	}
	*len = (size_t)(p - out);
	return 0;
}
