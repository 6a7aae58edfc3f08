# tests of host/engine
if HAVE_CHECK
engine_tests = tests/modes.t tests/catalog.t tests/crowd.t tests/cursor.t tests/due.t tests/joint.t tests/laws.t tests/queue.t tests/state.t tests/state-airbyte.t tests/sync.t tests/turns.t
check_PROGRAMS += $(engine_tests)
TESTS += $(engine_tests)
engine_libs = host/libengine.a host/libdata.a host/libbase.a $(JANSSON_LIBS) $(CHECK_LIBS)
tests_catalog_t_SOURCES = tests/catalog.c tests/suite.h
tests_catalog_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_catalog_t_LDADD = $(engine_libs)
tests_cursor_t_SOURCES = tests/cursor.c tests/suite.h
tests_cursor_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_cursor_t_LDADD = $(engine_libs)
tests_joint_t_SOURCES = tests/joint.c tests/laws_help.c tests/laws_help.h tests/world.h tests/world.c tests/world_program.c \
	tests/world_dest.c tests/suite.h
tests_joint_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_joint_t_LDADD = $(engine_libs)
tests_due_t_SOURCES = tests/due.c tests/suite.h
tests_due_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_due_t_LDADD = $(engine_libs)
tests_laws_t_SOURCES = tests/laws.c tests/laws_help.c tests/laws_help.h tests/world.h tests/world.c tests/world_source.c tests/world_dest.c tests/suite.h
tests_laws_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_laws_t_LDADD = $(engine_libs)
tests_modes_t_SOURCES = tests/modes.c tests/laws_help.c tests/laws_help.h tests/world.h tests/world.c tests/world_source.c \
	tests/world_dest.c tests/suite.h
tests_modes_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_modes_t_LDADD = $(engine_libs)
tests_turns_t_SOURCES = tests/turns.c tests/laws_help.c tests/laws_help.h tests/world.h tests/world.c tests/world_source.c \
	tests/world_dest.c tests/suite.h
tests_turns_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_turns_t_LDADD = $(engine_libs)
tests_crowd_t_SOURCES = tests/crowd.c tests/laws_help.c tests/laws_help.h tests/world.h tests/world.c tests/world_source.c \
	tests/world_dest.c tests/suite.h
tests_crowd_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_crowd_t_LDADD = $(engine_libs)
tests_queue_t_SOURCES = tests/queue.c tests/suite.h
tests_queue_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_queue_t_LDADD = $(engine_libs)
tests_state_t_SOURCES = tests/state.c tests/world.h tests/world.c tests/world_source.c tests/world_dest.c tests/suite.h
tests_state_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_state_t_LDADD = $(engine_libs)
tests_state_airbyte_t_SOURCES = tests/state-airbyte.c tests/suite.h
tests_state_airbyte_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_state_airbyte_t_LDADD = host/libengine.a host/libdest.a host/libdata.a host/libbase.a $(JANSSON_LIBS) $(SQLITE_LIBS) $(CHECK_LIBS) -lm
tests_sync_t_SOURCES = tests/sync.c tests/suite.h
tests_sync_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(SQLITE_CFLAGS)
tests_sync_t_LDADD = host/libengine.a host/libdest.a host/libsource.a host/libworker.a host/libdata.a \
	host/libbase.a $(JANSSON_LIBS) $(SQLITE_LIBS) $(ELF_LIBS) $(CHECK_LIBS) -lm
endif
