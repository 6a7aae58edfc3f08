# whole commands against the fake API and real data (Python, TAP)
WHOLE_TESTS = \
	tests/whole/fake-api.py \
	tests/whole/sync.py \
	tests/whole/jsonl.py \
	tests/whole/cookbook.py \
	tests/whole/faults.py \
	tests/whole/bodies.py \
	tests/whole/record.py \
	tests/whole/airbyte-source.py \
	tests/whole/storm.py \
	tests/whole/etiquette.py \
	tests/whole/limits.py \
	tests/whole/transport.py \
	tests/whole/auth.py \
	tests/whole/signals.py \
	tests/whole/together.py \
	tests/whole/states.py \
	tests/whole/report.py \
	tests/whole/syncfile.py \
	tests/whole/modes.py \
	tests/whole/places.py \
	tests/whole/zoo.py \
	tests/whole/accept.py \
	tests/whole/iso-codes.py \
	tests/kill/kill.py
dist_check_SCRIPTS += $(WHOLE_TESTS)
EXTRA_DIST += tests/whole/lib.py tests/bench/e2e.py
if HAVE_MICROHTTPD
TESTS += $(WHOLE_TESTS)
endif

# a connector whose pages stand in files needs no server
GIVEN_TESTS = tests/whole/zoo-accept.py \
	tests/whole/contract.py tests/whole/property.py tests/whole/rough.py tests/whole/many.py tests/whole/memory.py \
	tests/whole/windows.py \
	tests/whole/airbyte-in.py tests/whole/airbyte-lanes.py \
	tests/whole/airbyte-beside.py \
	tests/whole/airbyte-destination.py \
	tests/kill/many.py
dist_check_SCRIPTS += $(GIVEN_TESTS)
EXTRA_DIST += tests/whole/airbyte-program.py tests/whole/pages.py tests/whole/manylib.py
TESTS += $(GIVEN_TESTS)
check_PROGRAMS += tests/whole/given.so
tests_whole_given_so_SOURCES = tests/whole/given.c
tests_whole_given_so_CPPFLAGS = $(CONNECTOR_INC)
tests_whole_given_so_CFLAGS = $(CONNECTOR_CC)
tests_whole_given_so_LDFLAGS = $(CONNECTOR_LD)

check_PROGRAMS += tests/whole/authed.so
tests_whole_authed_so_SOURCES = tests/whole/authed.c
tests_whole_authed_so_CPPFLAGS = $(CONNECTOR_INC)
tests_whole_authed_so_CFLAGS = $(CONNECTOR_CC)
tests_whole_authed_so_LDFLAGS = $(CONNECTOR_LD)
tests_whole_authed_so_LDADD = libabhost-kit.a

check_PROGRAMS += tests/whole/paged.so
tests_whole_paged_so_SOURCES = tests/whole/paged.c
tests_whole_paged_so_CPPFLAGS = $(CONNECTOR_INC)
tests_whole_paged_so_CFLAGS = $(CONNECTOR_CC)
tests_whole_paged_so_LDFLAGS = $(CONNECTOR_LD)
tests_whole_paged_so_LDADD = libabhost-kit.a

# of tests/bench/e2e.py: many partitions
check_PROGRAMS += tests/bench/sliced.so
tests_bench_sliced_so_SOURCES = tests/bench/sliced.c
tests_bench_sliced_so_CPPFLAGS = $(CONNECTOR_INC)
tests_bench_sliced_so_CFLAGS = $(CONNECTOR_CC)
tests_bench_sliced_so_LDFLAGS = $(CONNECTOR_LD)
tests_bench_sliced_so_LDADD = libabhost-kit.a

# abhost with a checkpoint every 300 records: most kills then hit between two of them
check_PROGRAMS += tests/kill/abhost-often
tests_kill_abhost_often_SOURCES = host/cli/main.c host/engine/due.c host/engine/intake.c
tests_kill_abhost_often_CPPFLAGS = $(AM_CPPFLAGS) -DDUE_RECORDS=300 -DDUE_TIMES=1
tests_kill_abhost_often_LDADD = $(abhost_LDADD)

# the disk or the memory fails at a chosen call; a sanitizer has the memory to itself, so not there
if !SANITIZED
if HAVE_MICROHTTPD
TESTS += tests/kill/faults.py
endif
check_PROGRAMS += tests/kill/shim.so
tests_kill_shim_so_SOURCES = tests/kill/shim.c tests/kill/shim_disk.c \
	tests/kill/shim_names.c tests/kill/shim.h
tests_kill_shim_so_CFLAGS = $(CONNECTOR_CC)
tests_kill_shim_so_LDFLAGS = $(CONNECTOR_LD)
# of tests/whole/report.py
check_PROGRAMS += tests/whole/steps.so
tests_whole_steps_so_SOURCES = tests/whole/steps.c
tests_whole_steps_so_CFLAGS = $(CONNECTOR_CC)
tests_whole_steps_so_LDFLAGS = $(CONNECTOR_LD)
endif
dist_check_SCRIPTS += tests/kill/faults.py
EXTRA_DIST += tests/kill/scene.py tests/kill/runs.py tests/kill/programs.py tests/kill/messages.py \
	tests/kill/made.py tests/kill/program.py
EXTRA_DIST += tests/whole/steps.c tests/kill/shim.c tests/kill/shim_disk.c tests/kill/shim_names.c tests/kill/shim.h

# by hand: tests/bench/growth.py tests/bench/profile.py
EXTRA_DIST += tests/bench/airbyte-in.py tests/bench/growth.py tests/bench/profile.py
check_PROGRAMS += tests/bench/flow.so
tests_bench_flow_so_SOURCES = tests/bench/flow.c
tests_bench_flow_so_CPPFLAGS = $(CONNECTOR_INC)
tests_bench_flow_so_CFLAGS = $(CONNECTOR_CC)
tests_bench_flow_so_LDFLAGS = $(CONNECTOR_LD)
