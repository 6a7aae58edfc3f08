# host/cli: argv, terminal, exit codes; the programs abhost and abhost-inprocess
noinst_LIBRARIES += host/libcli.a
host_libcli_a_SOURCES = \
	host/cli/airbyte.c host/cli/airbyte.h host/cli/airbyte_control.c host/cli/airbyte_read.c \
	host/cli/airbyte_destination.c \
	host/cli/args.c \
	host/cli/check.c \
	host/cli/cli.h \
	host/cli/commands.c \
	host/cli/common.c \
	host/cli/discover.c \
	host/cli/help.c \
	host/cli/history.c \
	host/cli/inprocess.c host/cli/python.c \
	host/cli/inspect.c host/cli/inspect.h host/cli/inspect_json.c host/cli/inspect_look.c \
	host/cli/install.c \
	host/cli/list.c \
	host/cli/new.c host/cli/new_files.c host/cli/new.h \
	host/cli/query.c \
	host/cli/read.c \
	host/cli/record.c \
	host/cli/remove.c \
	host/cli/report.c host/cli/report.h \
	host/cli/run.c \
	host/cli/secrets.c \
	host/cli/spec.c \
	host/cli/sql.c host/cli/sql.h \
	host/cli/state.c host/cli/state.h host/cli/state_show.c \
	host/cli/syncfile.c host/cli/syncfile.h \
	host/cli/summary.c host/cli/summary.h \
	host/cli/table.c host/cli/table.h \
	host/cli/test.c \
	host/cli/text.c host/cli/text.h \
	host/cli/ui.c host/cli/ui.h \
	host/cli/ui_json.c \
	host/cli/ui_live.c \
	host/cli/wrap.c
# what a SYNC.json may say, as bytes
host/cli/sync_schema.inc: $(srcdir)/sdk/schema/sync.json
	$(AM_V_GEN)$(MKDIR_P) host/cli && $(BYTES_OF) && \
		{ bytes_of $(srcdir)/sdk/schema/sync.json && echo 0; } >$@.tmp && mv $@.tmp $@ || \
		$(BYTES_FAILED)
host/cli/libcli_a-syncfile.$(OBJEXT): host/cli/sync_schema.inc
CLEANFILES += host/cli/sync_schema.inc
# what abhost new writes: {"name", (const char[]){bytes}}, ...
host/cli/template_files.inc: $(TEMPLATES)
	$(AM_V_GEN)$(MKDIR_P) host/cli && $(BYTES_OF) && ( for f in $(TEMPLATES); do \
		echo "{\"$${f#sdk/template/}\", (const char[]){" && \
		bytes_of $(srcdir)/$$f && echo "0}}," || exit 1; \
	done ) >$@.tmp && mv $@.tmp $@ || $(BYTES_FAILED)
host/cli/libcli_a-new_files.$(OBJEXT): host/cli/template_files.inc
CLEANFILES += host/cli/template_files.inc
host_libcli_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(builddir)/host $(SQLITE_CFLAGS) -DPKGLIBEXECDIR='"$(pkglibexecdir)"'

# The engine: whatever a connector does, this program must not link libcurl.
bin_PROGRAMS += abhost
abhost_SOURCES = host/cli/main.c
abhost_LDADD = host/libcli.a host/libaccept.a host/libengine.a host/libdest.a host/libsource.a host/libworker.a host/libdata.a \
	host/libbase.a $(SQLITE_LIBS) $(JANSSON_LIBS) $(ELF_LIBS) -lm

# The same with the worker inside, for --in-process.
pkglibexec_PROGRAMS += abhost-inprocess
abhost_inprocess_SOURCES = host/cli/main_inprocess.c
abhost_inprocess_LDADD = host/libcli.a host/libaccept.a host/libengine.a host/libdest.a host/libsource.a host/libworker.a \
	host/libnet.a host/libdata.a host/libbase.a $(SQLITE_LIBS) $(JANSSON_LIBS) $(ELF_LIBS) $(CURL_LIBS) -lm
