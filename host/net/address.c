/* address.c - see address.h. */
#include "net/address.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static int
is_private_v4(uint32_t a)
{
	return a >> 24 == 127 || a >> 24 == 10 || a >> 24 == 0 || a >> 20 == 0xac1 ||
	    a >> 16 == 0xc0a8 || a >> 16 == 0xa9fe || a >> 22 == 0x64400000 >> 22;
}

static int
is_private_v6(const struct in6_addr *a)
{
	static const unsigned char loopback[16] = {[15] = 1}, none[16] = {0};
	uint32_t v4;

	memcpy(&v4, a->s6_addr + 12, sizeof(v4));
	if (IN6_IS_ADDR_V4MAPPED(a))
		return is_private_v4(ntohl(v4));
	return memcmp(a->s6_addr, loopback, 16) == 0 || memcmp(a->s6_addr, none, 16) == 0 ||
	    (a->s6_addr[0] & 0xfe) == 0xfc ||
	    (a->s6_addr[0] == 0xfe && (a->s6_addr[1] & 0xc0) == 0x80);
}

int
address_is_private(const char *text)
{
	struct in_addr v4;
	struct in6_addr v6;
	char plain[ADDRESS_TEXT];
	size_t n = strcspn(text, "%"); /* fe80::1%eth0 */

	if (n >= sizeof(plain))
		return 0;
	memcpy(plain, text, n);
	plain[n] = '\0';
	if (inet_pton(AF_INET, plain, &v4) == 1)
		return is_private_v4(ntohl(v4.s_addr));
	return inet_pton(AF_INET6, plain, &v6) == 1 && is_private_v6(&v6);
}

static int
ends_in(struct ab_str host, const char *word)
{
	size_t n = strlen(word);

	return host.len > n && host.ptr[host.len - n - 1] == '.' &&
	    strncasecmp(host.ptr + host.len - n, word, n) == 0;
}

int
address_looks_public(struct ab_str host)
{
	static const char *const homely[] = {
	    "localhost", "local", "internal", "lan", "home.arpa", "test"};
	int is_name = 0;

	if (host.len > 0 && host.ptr[host.len - 1] == '.')
		host.len--;
	if (host.len == 0 || host.ptr[0] == '[' || memchr(host.ptr, '.', host.len) == NULL)
		return 0;
	for (size_t i = 0; i < host.len; i++)
		is_name |= strchr("0123456789.", host.ptr[i]) == NULL;
	for (size_t i = 0; i < sizeof(homely) / sizeof(homely[0]); i++)
		if (ends_in(host, homely[i]))
			return 0;
	return is_name;
}
