/* address.h - where a name leads: is it one of the public network, and is the address that it has one, too?  Pure. */
#ifndef ABHOST_ADDRESS_H
#define ABHOST_ADDRESS_H
#include <abhost/abi.h>

#define ADDRESS_TEXT 48 /* bytes of any address as text */

/* 1: the address (numbers, as text) is this machine's or of a network that is not the internet: loopback, private,
 * link-local, shared (RFC 6598), unique local; IPv4 inside of IPv6 too. */
int address_is_private(const char *text);
/* 1: a host name that promises the public internet: it has a dot, is no address, and does not end in what is used at home
 * (localhost, local, internal, lan, home.arpa, test). */
int address_looks_public(struct ab_str host);
#endif
