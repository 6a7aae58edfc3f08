/* utf8.c - see utf8.h. */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

size_t
utf8_len(const char *text, size_t n)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *s = (const unsigned char *)text;
	size_t len = s[0] < 0x80 ? 1
	    : s[0] < 0xc2	 ? 0
	    : s[0] < 0xe0	 ? 2
	    : s[0] < 0xf0	 ? 3
	    : s[0] < 0xf5	 ? 4
				 : 0;
	uint32_t cp;

	if (len <= 1 || len > n)
		return len > n ? 0 : len;
	cp = s[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (s[i] & 0x3f);
	}
	return cp < least[len] || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000) ? 0 : len;
}

int
utf8_valid(const char *s, size_t n)
{
	size_t len;

	for (; n > 0; s += len, n -= len) {
		len = utf8_len(s, n);
		if (len == 0)
			return 0;
	}
	return 1;
}

char *
utf8_copy(char *out, size_t size, const char *text)
{
	size_t left = strnlen(text, size + 3), n = 0, len;

	while (left > 0) {
		len = utf8_len(text, left);
		if (n + (len > 0 ? len : 1) >= size)
			break;
		if (len > 0)
			memcpy(out + n, text, len);
		else
			out[n] = '?';
		len += len == 0;
		n += len;
		text += len;
		left -= len;
	}
	out[n] = '\0';
	return out;
}
