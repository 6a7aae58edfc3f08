# tests of host/cli, and of the modules it rests on: config, loader
if HAVE_CHECK
check_PROGRAMS += tests/config.t
tests_config_t_SOURCES = tests/config.c tests/suite.h
tests_config_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_config_t_LDADD = host/libdata.a host/libbase.a $(CHECK_LIBS) $(JANSSON_LIBS) -lm
TESTS += tests/config.t

check_PROGRAMS += tests/since.t
tests_since_t_SOURCES = tests/since.c tests/suite.h
tests_since_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_since_t_LDADD = host/libaccept.a host/libsource.a host/libdata.a host/libbase.a $(CHECK_LIBS) $(JANSSON_LIBS) \
	$(ELF_LIBS)
TESTS += tests/since.t

check_PROGRAMS += tests/loader.t
tests_loader_t_SOURCES = tests/loader.c tests/suite.h
tests_loader_t_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_loader_t_LDADD = host/libsource.a host/libdata.a host/libbase.a $(CHECK_LIBS) $(JANSSON_LIBS) $(ELF_LIBS) -lm
EXTRA_tests_loader_t_DEPENDENCIES = tests/loader-so.so tests/loader-relr.so
TESTS += tests/loader.t

check_PROGRAMS += tests/loader-so.so tests/loader-relr.so
tests_loader_so_so_SOURCES = tests/loader-so.c
tests_loader_so_so_CPPFLAGS = $(CONNECTOR_INC)
tests_loader_so_so_CFLAGS = $(CONNECTOR_CC)
tests_loader_so_so_LDFLAGS = $(CONNECTOR_LD)
tests_loader_relr_so_SOURCES = tests/loader-so.c
tests_loader_relr_so_CPPFLAGS = $(CONNECTOR_INC)
tests_loader_relr_so_CFLAGS = $(CONNECTOR_CC)
tests_loader_relr_so_LDFLAGS = $(CONNECTOR_LD) -Wl,-z,pack-relative-relocs
endif

# Whole commands, and what the programs are made of.
CLI_TESTS = tests/cli/symbols.sh tests/cli/inspect.py tests/cli/install.py \
	tests/cli/manual.py tests/cli/misuse.py
dist_check_SCRIPTS += $(CLI_TESTS)
TESTS += $(CLI_TESTS)

# These need an API to talk to.
CLI_API_TESTS = tests/cli/forms.py tests/cli/live.py tests/cli/world.py
dist_check_SCRIPTS += $(CLI_API_TESTS)
if HAVE_MICROHTTPD
TESTS += $(CLI_API_TESTS)
endif
