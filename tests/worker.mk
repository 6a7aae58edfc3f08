# tests of host/worker and host/source: the zoo of bad connectors, a good one that makes its records

check_PROGRAMS += tests/zoo/gen.so
tests_zoo_gen_so_SOURCES = tests/zoo/gen.c
tests_zoo_gen_so_CPPFLAGS = $(CONNECTOR_INC)
tests_zoo_gen_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_gen_so_LDFLAGS = $(CONNECTOR_LD)

check_PROGRAMS += tests/zoo/gen-state.so
tests_zoo_gen_state_so_SOURCES = tests/zoo/gen.c
tests_zoo_gen_state_so_CPPFLAGS = $(CONNECTOR_INC) -DGEN_STATE
tests_zoo_gen_state_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_gen_state_so_LDFLAGS = $(CONNECTOR_LD)

check_PROGRAMS += tests/zoo/gen-parts.so
tests_zoo_gen_parts_so_SOURCES = tests/zoo/gen.c
tests_zoo_gen_parts_so_CPPFLAGS = $(CONNECTOR_INC) -DGEN_PARTITIONS -DGEN_STATE
tests_zoo_gen_parts_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_gen_parts_so_LDFLAGS = $(CONNECTOR_LD)

check_PROGRAMS += tests/zoo/web.so
tests_zoo_web_so_SOURCES = tests/zoo/web.c
tests_zoo_web_so_CPPFLAGS = $(CONNECTOR_INC)
tests_zoo_web_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_web_so_LDFLAGS = $(CONNECTOR_LD)

check_PROGRAMS += tests/zoo/many.so
tests_zoo_many_so_SOURCES = tests/zoo/many.c
tests_zoo_many_so_CPPFLAGS = $(CONNECTOR_INC)
tests_zoo_many_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_many_so_LDFLAGS = $(CONNECTOR_LD)
check_PROGRAMS += tests/zoo/bulk.so
tests_zoo_bulk_so_SOURCES = tests/zoo/bulk.c
tests_zoo_bulk_so_CPPFLAGS = $(CONNECTOR_INC)
tests_zoo_bulk_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_bulk_so_LDFLAGS = $(CONNECTOR_LD)

check_PROGRAMS += tests/zoo/zoo.so
tests_zoo_zoo_so_SOURCES = tests/zoo/zoo.c
tests_zoo_zoo_so_CPPFLAGS = $(CONNECTOR_INC)
tests_zoo_zoo_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_zoo_so_LDFLAGS = $(CONNECTOR_LD)

check_PROGRAMS += tests/zoo/zoo-parts.so
tests_zoo_zoo_parts_so_SOURCES = tests/zoo/zoo.c
tests_zoo_zoo_parts_so_CPPFLAGS = $(CONNECTOR_INC) -DZOO_PARTITIONS
tests_zoo_zoo_parts_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_zoo_parts_so_LDFLAGS = $(CONNECTOR_LD)

# wrong connectors for abhost test, which tests/whole/zoo-accept.py builds
EXTRA_DIST += tests/zoo/kit
check_PROGRAMS += tests/zoo/misuse.so
tests_zoo_misuse_so_SOURCES = tests/zoo/misuse.c tests/zoo/kit/base.h
tests_zoo_misuse_so_CPPFLAGS = $(CONNECTOR_INC)
tests_zoo_misuse_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_misuse_so_LDFLAGS = $(CONNECTOR_LD)

check_PROGRAMS += tests/zoo/lanes.so
tests_zoo_lanes_so_SOURCES = tests/zoo/lanes.c
tests_zoo_lanes_so_CPPFLAGS = $(CONNECTOR_INC)
tests_zoo_lanes_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_lanes_so_LDFLAGS = $(CONNECTOR_LD)

check_PROGRAMS += tests/zoo/bad-no-symbol.so
tests_zoo_bad_no_symbol_so_SOURCES = tests/zoo/bad.c
tests_zoo_bad_no_symbol_so_CPPFLAGS = $(CONNECTOR_INC) -DBAD_NO_SYMBOL
tests_zoo_bad_no_symbol_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_bad_no_symbol_so_LDFLAGS = $(CONNECTOR_LD)

check_PROGRAMS += tests/zoo/bad-magic.so
tests_zoo_bad_magic_so_SOURCES = tests/zoo/bad.c
tests_zoo_bad_magic_so_CPPFLAGS = $(CONNECTOR_INC) -DBAD_MAGIC
tests_zoo_bad_magic_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_bad_magic_so_LDFLAGS = $(CONNECTOR_LD)

check_PROGRAMS += tests/zoo/bad-size.so
tests_zoo_bad_size_so_SOURCES = tests/zoo/bad.c
tests_zoo_bad_size_so_CPPFLAGS = $(CONNECTOR_INC) -DBAD_SIZE
tests_zoo_bad_size_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_bad_size_so_LDFLAGS = $(CONNECTOR_LD)

check_PROGRAMS += tests/zoo/bad-abi.so
tests_zoo_bad_abi_so_SOURCES = tests/zoo/bad.c
tests_zoo_bad_abi_so_CPPFLAGS = $(CONNECTOR_INC) -DBAD_ABI
tests_zoo_bad_abi_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_bad_abi_so_LDFLAGS = $(CONNECTOR_LD)

check_PROGRAMS += tests/zoo/bad-min-host.so
tests_zoo_bad_min_host_so_SOURCES = tests/zoo/bad.c
tests_zoo_bad_min_host_so_CPPFLAGS = $(CONNECTOR_INC) -DBAD_MIN_HOST
tests_zoo_bad_min_host_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_bad_min_host_so_LDFLAGS = $(CONNECTOR_LD)

check_PROGRAMS += tests/zoo/bad-null.so
tests_zoo_bad_null_so_SOURCES = tests/zoo/bad.c
tests_zoo_bad_null_so_CPPFLAGS = $(CONNECTOR_INC) -DBAD_NULL
tests_zoo_bad_null_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_bad_null_so_LDFLAGS = $(CONNECTOR_LD)

check_PROGRAMS += tests/zoo/bad-spec.so
tests_zoo_bad_spec_so_SOURCES = tests/zoo/bad.c
tests_zoo_bad_spec_so_CPPFLAGS = $(CONNECTOR_INC) -DBAD_SPEC
tests_zoo_bad_spec_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_bad_spec_so_LDFLAGS = $(CONNECTOR_LD)

check_PROGRAMS += tests/zoo/bad-constructor.so
tests_zoo_bad_constructor_so_SOURCES = tests/zoo/bad.c
tests_zoo_bad_constructor_so_CPPFLAGS = $(CONNECTOR_INC) -DBAD_CONSTRUCTOR
tests_zoo_bad_constructor_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_bad_constructor_so_LDFLAGS = $(CONNECTOR_LD)

check_PROGRAMS += tests/zoo/bad-missing-symbol.so
tests_zoo_bad_missing_symbol_so_SOURCES = tests/zoo/bad.c
tests_zoo_bad_missing_symbol_so_CPPFLAGS = $(CONNECTOR_INC) -DBAD_MISSING_SYMBOL
tests_zoo_bad_missing_symbol_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_bad_missing_symbol_so_LDFLAGS = -shared $(SAN_FLAGS) -Wl,-Bsymbolic

if HAVE_CHECK
DRIVE = tests/drive.c tests/drive.h tests/suite.h
SOURCE_LIBS = host/libsource.a host/libworker.a host/libdata.a host/libbase.a $(JANSSON_LIBS) -lm

check_PROGRAMS += tests/chan.t
tests_chan_t_SOURCES = tests/chan.c tests/suite.h
tests_chan_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_chan_t_LDADD = $(SOURCE_LIBS) $(CHECK_LIBS)
TESTS += tests/chan.t

check_PROGRAMS += tests/source.t
tests_source_t_SOURCES = tests/source.c tests/wire.c tests/wire.h $(DRIVE)
tests_source_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_source_t_LDADD = $(SOURCE_LIBS) $(CHECK_LIBS)
TESTS += tests/source.t

check_PROGRAMS += tests/strict.t
tests_strict_t_SOURCES = tests/strict.c $(DRIVE)
tests_strict_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_strict_t_LDADD = $(SOURCE_LIBS) $(CHECK_LIBS)
TESTS += tests/strict.t

check_PROGRAMS += tests/bulk.t
tests_bulk_t_SOURCES = tests/bulk.c tests/wire.c tests/wire.h $(DRIVE)
tests_bulk_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_bulk_t_LDADD = $(SOURCE_LIBS) $(CHECK_LIBS)
TESTS += tests/bulk.t

# The same with the worker as a thread
check_PROGRAMS += tests/source-in-process.t
tests_source_in_process_t_SOURCES = tests/source.c tests/wire.c tests/wire.h $(DRIVE)
tests_source_in_process_t_CPPFLAGS = $(AM_CPPFLAGS) -DDRIVE_IN_PROCESS
tests_source_in_process_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_source_in_process_t_LDADD = host/libsource.a host/libworker.a host/libnet.a host/libdata.a \
	host/libbase.a $(CURL_LIBS) $(JANSSON_LIBS) $(CHECK_LIBS) -lm
TESTS += tests/source-in-process.t

LANES = tests/lanes.c tests/wire.c tests/wire.h tests/watch.c tests/watch.h $(DRIVE)
check_PROGRAMS += tests/lanes.t
tests_lanes_t_SOURCES = tests/lanes-bad.c $(LANES)
tests_lanes_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_lanes_t_LDADD = $(SOURCE_LIBS) $(CHECK_LIBS)
TESTS += tests/lanes.t

# The same with the worker as threads, but for those that would end the process
check_PROGRAMS += tests/lanes-in-process.t
tests_lanes_in_process_t_SOURCES = $(LANES)
tests_lanes_in_process_t_CPPFLAGS = $(AM_CPPFLAGS) -DDRIVE_IN_PROCESS
tests_lanes_in_process_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_lanes_in_process_t_LDADD = host/libsource.a host/libworker.a host/libnet.a host/libdata.a \
	host/libbase.a $(CURL_LIBS) $(JANSSON_LIBS) $(CHECK_LIBS) -lm
TESTS += tests/lanes-in-process.t

# Its threads are kept behind every lock that they let go
check_PROGRAMS += tests/lanes-kept.t
tests_lanes_kept_t_SOURCES = tests/lanes-kept.c tests/watch.c tests/watch.h $(DRIVE)
tests_lanes_kept_t_CPPFLAGS = $(AM_CPPFLAGS) -DDRIVE_IN_PROCESS
tests_lanes_kept_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_lanes_kept_t_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pthread_mutex_unlock
tests_lanes_kept_t_LDADD = host/libsource.a host/libworker.a host/libnet.a host/libdata.a \
	host/libbase.a $(CURL_LIBS) $(JANSSON_LIBS) $(CHECK_LIBS) -lm
TESTS += tests/lanes-kept.t

check_PROGRAMS += tests/budget.t
tests_budget_t_SOURCES = tests/budget.c tests/suite.h
tests_budget_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_budget_t_LDADD = $(SOURCE_LIBS) $(CHECK_LIBS)
TESTS += tests/budget.t

check_PROGRAMS += tests/foreign.t
tests_foreign_t_SOURCES = tests/foreign.c tests/suite.h
tests_foreign_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_foreign_t_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=realloc,--wrap=strdup,--wrap=strndup
tests_foreign_t_LDADD = $(SOURCE_LIBS) $(CHECK_LIBS)
TESTS += tests/foreign.t

check_PROGRAMS += tests/sched.t
tests_sched_t_SOURCES = tests/sched.c tests/suite.h
tests_sched_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_sched_t_LDADD = $(SOURCE_LIBS) $(CHECK_LIBS)
TESTS += tests/sched.t

check_PROGRAMS += tests/worker.t
tests_worker_t_SOURCES = tests/worker.c tests/suite.h
tests_worker_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_worker_t_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc
tests_worker_t_LDADD = host/libsource.a host/libworker.a host/libnet.a host/libdata.a \
	host/libbase.a $(CURL_LIBS) $(JANSSON_LIBS) $(CHECK_LIBS) -lm
TESTS += tests/worker.t

check_PROGRAMS += tests/zoo.t
tests_zoo_t_SOURCES = tests/zoo.c $(DRIVE)
tests_zoo_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_zoo_t_LDADD = $(SOURCE_LIBS) $(CHECK_LIBS)
TESTS += tests/zoo.t
endif
