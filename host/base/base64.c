/* base64.c - see base64.h. */
#include "base/base64.h"

size_t
base64_encode(const char *bytes, size_t n, char *out)
{
	static const char digit[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
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
