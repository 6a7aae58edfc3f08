# tests of host/dest
if HAVE_CHECK
DEST_LIBS = host/libdest.a host/libdata.a host/libbase.a $(SQLITE_LIBS) $(JANSSON_LIBS) $(CHECK_LIBS)
DEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(SQLITE_CFLAGS) $(JANSSON_CFLAGS)
DEST_HELP = tests/dest_help.c tests/dest_help.h tests/suite.h
check_PROGRAMS += tests/shape.t tests/sqlite.t tests/sqlite-dedup.t tests/sqlite-faults.t tests/sqlite-speed.t tests/contract.t tests/sqlite-file.t tests/sqlite-others.t tests/rules.t tests/verify.t
tests_shape_t_SOURCES = tests/shape.c tests/suite.h
tests_shape_t_CFLAGS = $(DEST_CFLAGS)
tests_shape_t_LDADD = $(DEST_LIBS)
tests_sqlite_t_SOURCES = tests/sqlite.c $(DEST_HELP)
tests_sqlite_t_CFLAGS = $(DEST_CFLAGS)
tests_sqlite_t_LDADD = $(DEST_LIBS)
tests_sqlite_dedup_t_SOURCES = tests/sqlite-dedup.c $(DEST_HELP)
tests_sqlite_dedup_t_CFLAGS = $(DEST_CFLAGS)
tests_sqlite_dedup_t_LDADD = $(DEST_LIBS)
tests_sqlite_faults_t_SOURCES = tests/sqlite-faults.c $(DEST_HELP)
tests_sqlite_faults_t_CFLAGS = $(DEST_CFLAGS)
tests_sqlite_faults_t_LDADD = $(DEST_LIBS)
tests_sqlite_speed_t_SOURCES = tests/sqlite-speed.c $(DEST_HELP)
tests_sqlite_speed_t_CFLAGS = $(DEST_CFLAGS)
tests_sqlite_speed_t_LDADD = $(DEST_LIBS)
tests_contract_t_SOURCES = tests/contract.c $(DEST_HELP)
tests_contract_t_CFLAGS = $(DEST_CFLAGS)
tests_contract_t_LDADD = $(DEST_LIBS)
tests_sqlite_file_t_SOURCES = tests/sqlite-file.c $(DEST_HELP)
tests_sqlite_file_t_CFLAGS = $(DEST_CFLAGS)
tests_sqlite_file_t_LDADD = $(DEST_LIBS)
tests_sqlite_others_t_SOURCES = tests/sqlite-others.c $(DEST_HELP)
tests_sqlite_others_t_CFLAGS = $(DEST_CFLAGS)
tests_sqlite_others_t_LDADD = $(DEST_LIBS)
EXTRA_DIST += tests/format-1.db
tests_rules_t_SOURCES = tests/rules.c $(DEST_HELP)
tests_rules_t_CFLAGS = $(DEST_CFLAGS)
tests_rules_t_LDADD = $(DEST_LIBS)
tests_verify_t_SOURCES = tests/verify.c $(DEST_HELP)
tests_verify_t_CFLAGS = $(DEST_CFLAGS)
tests_verify_t_LDADD = $(DEST_LIBS)
TESTS += tests/verify.t tests/contract.t tests/rules.t tests/sqlite-file.t tests/sqlite-others.t tests/shape.t tests/sqlite.t tests/sqlite-dedup.t tests/sqlite-faults.t tests/sqlite-speed.t
check_PROGRAMS += tests/jsonl.t
tests_jsonl_t_SOURCES = tests/jsonl.c tests/suite.h
tests_jsonl_t_CFLAGS = $(DEST_CFLAGS)
tests_jsonl_t_LDADD = $(DEST_LIBS)
TESTS += tests/jsonl.t
endif

# "make check" builds it, nothing runs it: tests/bench/dest [RECORDS [PAGE [FOLDER]]]
check_PROGRAMS += tests/bench/dest
tests_bench_dest_SOURCES = tests/bench/dest.c
tests_bench_dest_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_bench_dest_LDADD = host/libdest.a host/libdata.a host/libbase.a $(SQLITE_LIBS) $(JANSSON_LIBS)
