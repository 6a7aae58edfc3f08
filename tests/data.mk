# tests of host/data: scanner, views, values.  What uses SSE2 is tested twice, the second time without it.
if HAVE_CHECK
check_PROGRAMS += tests/meta.t
tests_meta_t_SOURCES = tests/meta.c tests/suite.h
tests_meta_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_meta_t_LDADD = host/libdata.a host/libbase.a $(CHECK_LIBS) $(JANSSON_LIBS) -lm
TESTS += tests/meta.t

check_LIBRARIES += tests/libdata-portable.a
tests_libdata_portable_a_SOURCES = \
	host/data/lines.c host/data/lines_span.c \
	host/data/scan.c host/data/scan_lex.c host/data/value.c host/data/value_text.c \
	host/data/view.c host/data/view_kids.c host/data/view_private.h host/data/view_skip.c
tests_libdata_portable_a_CPPFLAGS = $(AM_CPPFLAGS) -DSCAN_PORTABLE

DATA_TESTS = \
	tests/scan.t tests/scan-portable.t \
	tests/scan_oracle.t tests/scan_oracle-portable.t \
	tests/lines.t tests/lines-portable.t \
	tests/value.t \
	tests/beside.t \
	tests/jsonread.t \
	tests/view.t tests/view-portable.t
check_PROGRAMS += $(DATA_TESTS)
TESTS += $(DATA_TESTS)
DATA_TEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
DATA_TEST_LIBS = host/libbase.a $(CHECK_LIBS) $(JANSSON_LIBS)
DATA_HELP = tests/json_help.c tests/json_help.h tests/suite.h

tests_scan_t_SOURCES = tests/scan.c $(DATA_HELP)
tests_scan_t_CFLAGS = $(DATA_TEST_CFLAGS)
tests_scan_t_LDADD = host/libdata.a $(DATA_TEST_LIBS)
tests_scan_portable_t_SOURCES = $(tests_scan_t_SOURCES)
tests_scan_portable_t_CFLAGS = $(DATA_TEST_CFLAGS)
tests_scan_portable_t_LDADD = tests/libdata-portable.a $(DATA_TEST_LIBS)

tests_scan_oracle_t_SOURCES = tests/scan_oracle.c $(DATA_HELP)
tests_scan_oracle_t_CFLAGS = $(DATA_TEST_CFLAGS)
tests_scan_oracle_t_LDADD = host/libdata.a $(DATA_TEST_LIBS)
tests_scan_oracle_portable_t_SOURCES = $(tests_scan_oracle_t_SOURCES)
tests_scan_oracle_portable_t_CFLAGS = $(DATA_TEST_CFLAGS)
tests_scan_oracle_portable_t_LDADD = tests/libdata-portable.a $(DATA_TEST_LIBS)

tests_lines_t_SOURCES = tests/lines.c $(DATA_HELP)
tests_lines_t_CFLAGS = $(DATA_TEST_CFLAGS)
tests_lines_t_LDADD = host/libdata.a $(DATA_TEST_LIBS)
tests_lines_portable_t_SOURCES = $(tests_lines_t_SOURCES)
tests_lines_portable_t_CFLAGS = $(DATA_TEST_CFLAGS)
tests_lines_portable_t_LDADD = tests/libdata-portable.a $(DATA_TEST_LIBS)

tests_beside_t_SOURCES = tests/beside.c tests/suite.h
tests_beside_t_CFLAGS = $(DATA_TEST_CFLAGS)
tests_beside_t_LDADD = host/libdata.a $(DATA_TEST_LIBS)

tests_value_t_SOURCES = tests/value.c $(DATA_HELP)
tests_value_t_CFLAGS = $(DATA_TEST_CFLAGS)
tests_value_t_LDADD = host/libdata.a $(DATA_TEST_LIBS)

tests_jsonread_t_SOURCES = tests/jsonread.c tests/suite.h
tests_jsonread_t_CFLAGS = $(DATA_TEST_CFLAGS)
tests_jsonread_t_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc
tests_jsonread_t_LDADD = host/libdata.a $(DATA_TEST_LIBS)

tests_view_t_SOURCES = tests/view.c tests/view_help.c tests/view_help.h $(DATA_HELP)
tests_view_t_CFLAGS = $(DATA_TEST_CFLAGS)
tests_view_t_LDADD = host/libdata.a $(DATA_TEST_LIBS)
tests_view_portable_t_SOURCES = $(tests_view_t_SOURCES)
tests_view_portable_t_CFLAGS = $(DATA_TEST_CFLAGS)
tests_view_portable_t_LDADD = tests/libdata-portable.a $(DATA_TEST_LIBS)
endif

# "make check" builds it, nothing runs it: tests/bench/scan
check_PROGRAMS += tests/bench/scan
tests_bench_scan_SOURCES = tests/bench/scan.c
tests_bench_scan_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_bench_scan_LDADD = host/libdata.a host/libbase.a $(JANSSON_LIBS)

# by hand: tests/fuzz/run.sh [SECONDS]
EXTRA_DIST += tests/fuzz/fuzz-lines.c tests/fuzz/fuzz-scan.c tests/fuzz/fuzz-view.c tests/fuzz/run.sh
