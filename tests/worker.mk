# tests of host/worker and host/source: the zoo of bad connectors, a good one that makes its records
check_PROGRAMS += tests/zoo/gen.so tests/zoo/gen-state.so tests/zoo/gen-parts.so

tests_zoo_gen_so_SOURCES = tests/zoo/gen.c
tests_zoo_gen_so_CPPFLAGS = $(CONNECTOR_INC)
tests_zoo_gen_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_gen_so_LDFLAGS = $(CONNECTOR_LD)

tests_zoo_gen_state_so_SOURCES = tests/zoo/gen.c
tests_zoo_gen_state_so_CPPFLAGS = $(CONNECTOR_INC) -DGEN_STATE
tests_zoo_gen_state_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_gen_state_so_LDFLAGS = $(CONNECTOR_LD)

tests_zoo_gen_parts_so_SOURCES = tests/zoo/gen.c
tests_zoo_gen_parts_so_CPPFLAGS = $(CONNECTOR_INC) -DGEN_PARTITIONS -DGEN_STATE
tests_zoo_gen_parts_so_CFLAGS = $(CONNECTOR_CC)
tests_zoo_gen_parts_so_LDFLAGS = $(CONNECTOR_LD)

if HAVE_CHECK
check_PROGRAMS += tests/source.t
tests_source_t_SOURCES = tests/source.c tests/drive.c tests/drive.h tests/suite.h
tests_source_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_source_t_LDADD = host/libsource.a host/libworker.a host/libdata.a host/libbase.a \
	$(JANSSON_LIBS) $(CHECK_LIBS) -lm
TESTS += tests/source.t
endif
