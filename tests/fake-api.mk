# the fake API: a server for tests, examples and benchmarks
if HAVE_MICROHTTPD
noinst_PROGRAMS += tests/fake-api/fake-api
tests_fake_api_fake_api_SOURCES = \
	tests/fake-api/main.c \
	tests/fake-api/server.c tests/fake-api/server.h \
	tests/fake-api/api.c \
	tests/fake-api/ways.c \
	tests/fake-api/admin.c \
	tests/fake-api/endless.c \
	tests/fake-api/reply.c \
	tests/fake-api/oauth.c tests/fake-api/oauth.h \
	tests/fake-api/packed.c \
	tests/fake-api/page.c tests/fake-api/page.h \
	tests/fake-api/fault.c tests/fake-api/fault.h \
	tests/fake-api/log.c tests/fake-api/log.h \
	tests/fake-api/lists.c \
	tests/fake-api/store.c tests/fake-api/store.h \
	tests/fake-api/render.c tests/fake-api/render.h
tests_fake_api_fake_api_CPPFLAGS = $(AM_CPPFLAGS) $(MICROHTTPD_CFLAGS) $(ZLIB_CFLAGS) $(JANSSON_CFLAGS)
tests_fake_api_fake_api_LDADD = host/libbase.a $(MICROHTTPD_LIBS) $(ZLIB_LIBS) $(JANSSON_LIBS)
endif
