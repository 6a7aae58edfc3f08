# tests of host/cli, and of the modules it rests on: config, loader
if HAVE_CHECK
check_PROGRAMS += tests/config.t
tests_config_t_SOURCES = tests/config.c tests/suite.h
tests_config_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_config_t_LDADD = host/libdata.a host/libbase.a $(CHECK_LIBS) $(JANSSON_LIBS) -lm
TESTS += tests/config.t
endif
