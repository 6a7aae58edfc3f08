# tests of host/net
if HAVE_CHECK
check_PROGRAMS += tests/http.t
tests_http_t_SOURCES = tests/http.c tests/wire.c tests/wire.h tests/suite.h
tests_http_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
tests_http_t_LDADD = host/libnet.a host/libbase.a $(CURL_LIBS) $(JANSSON_LIBS) $(CHECK_LIBS)
TESTS += tests/http.t
endif
