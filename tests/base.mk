# tests of host/base
if HAVE_CHECK
check_PROGRAMS += tests/base.t
tests_base_t_SOURCES = tests/base.c tests/suite.h
tests_base_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_t_LDADD = host/libbase.a $(CHECK_LIBS)
TESTS += tests/base.t
endif
