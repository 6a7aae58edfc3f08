# tests of sdk and examples: the header's promises, the kit against a host that is a script
sdk_tests = tests/abi/header.sh tests/abi/exports.sh tests/docs.sh \
	tests/abi/frozen.py tests/abi/meet.py tests/abi/manual.py
dist_check_SCRIPTS += $(sdk_tests)
TESTS += $(sdk_tests)
EXTRA_DIST += tests/abi/offsets.c tests/abi/headers.py tests/abi/probe.c tests/abi/all.c tests/abi/cut.c \
	tests/abi/tomorrow.c

if HAVE_CHECK
KIT_HOST = tests/kit_host.c tests/kit_host.h tests/suite.h
KIT_INC = $(AM_CPPFLAGS) -I$(top_srcdir)/sdk/kit
KIT_LD = $(AM_LDFLAGS) -Wl,--wrap=calloc,--wrap=realloc,--wrap=strdup
KIT_LIBS = libabhost-kit.a host/libdata.a host/libbase.a $(JANSSON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/kit.t
tests_kit_t_SOURCES = tests/kit.c $(KIT_HOST)
tests_kit_t_CPPFLAGS = $(KIT_INC)
tests_kit_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_kit_t_LDFLAGS = $(KIT_LD)
tests_kit_t_LDADD = $(KIT_LIBS)
check_PROGRAMS += tests/kit-requests.t
tests_kit_requests_t_SOURCES = tests/kit-requests.c $(KIT_HOST)
tests_kit_requests_t_CPPFLAGS = $(KIT_INC)
tests_kit_requests_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_kit_requests_t_LDFLAGS = $(KIT_LD)
tests_kit_requests_t_LDADD = $(KIT_LIBS)
check_PROGRAMS += tests/kit-records.t
tests_kit_records_t_SOURCES = tests/kit-records.c $(KIT_HOST)
tests_kit_records_t_CPPFLAGS = $(KIT_INC)
tests_kit_records_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_kit_records_t_LDFLAGS = $(KIT_LD)
tests_kit_records_t_LDADD = $(KIT_LIBS)
check_PROGRAMS += tests/kit-times.t
tests_kit_times_t_SOURCES = tests/kit-times.c $(KIT_HOST)
tests_kit_times_t_CPPFLAGS = $(KIT_INC)
tests_kit_times_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_kit_times_t_LDFLAGS = $(KIT_LD)
tests_kit_times_t_LDADD = $(KIT_LIBS)
check_PROGRAMS += tests/kit-windows.t
tests_kit_windows_t_SOURCES = tests/kit-windows.c $(KIT_HOST)
tests_kit_windows_t_CPPFLAGS = $(KIT_INC)
tests_kit_windows_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_kit_windows_t_LDFLAGS = $(KIT_LD)
tests_kit_windows_t_LDADD = $(KIT_LIBS)
check_PROGRAMS += tests/kit-partitions.t
tests_kit_partitions_t_SOURCES = tests/kit-partitions.c $(KIT_HOST)
tests_kit_partitions_t_CPPFLAGS = $(KIT_INC)
tests_kit_partitions_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_kit_partitions_t_LDFLAGS = $(KIT_LD)
tests_kit_partitions_t_LDADD = $(KIT_LIBS)
check_PROGRAMS += tests/kit-table.t
tests_kit_table_t_SOURCES = tests/kit-table.c $(KIT_HOST)
tests_kit_table_t_CPPFLAGS = $(KIT_INC)
tests_kit_table_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_kit_table_t_LDFLAGS = $(KIT_LD)
tests_kit_table_t_LDADD = $(KIT_LIBS)
check_PROGRAMS += tests/schema.t
tests_schema_t_SOURCES = tests/schema.c tests/suite.h
tests_schema_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
tests_schema_t_LDADD = host/libnet.a host/libdata.a host/libbase.a $(CURL_LIBS) $(JANSSON_LIBS) $(CHECK_LIBS)
TESTS += tests/kit.t tests/kit-requests.t tests/kit-records.t tests/kit-times.t tests/kit-windows.t \
	tests/kit-partitions.t tests/kit-table.t tests/schema.t
endif

# abhost new, from an installed prefix
dist_check_SCRIPTS += tests/author/new.py tests/author/tutorial.py
EXTRA_DIST += tests/author/prefix.py
TESTS += tests/author/new.py tests/author/tutorial.py

dist_check_SCRIPTS += tests/whole/examples.py
if HAVE_MICROHTTPD
TESTS += tests/whole/examples.py
endif
