/* proxy.h - the proxies that the environment names; libcurl uses them by itself.  Must never show what they want to
 * know of whom. */
#ifndef ABHOST_PROXY_H
#define ABHOST_PROXY_H

/* Registers the users and passwords in http_proxy, HTTPS_PROXY and their like with redact_add.  -1: no memory. */
int proxy_hide(void);
/* The name of the variable that may send a request of this scheme through a proxy; NULL: none.  NO_PROXY is not looked at. */
const char *proxy_variable(int is_https);
#endif
