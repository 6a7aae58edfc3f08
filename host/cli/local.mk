# host/cli: argv, terminal, exit codes; the programs abhost and abhost-inprocess
noinst_LIBRARIES += host/libcli.a
host_libcli_a_SOURCES = \
	host/cli/args.c \
	host/cli/check.c \
	host/cli/cli.h \
	host/cli/commands.c \
	host/cli/common.c \
	host/cli/discover.c \
	host/cli/help.c \
	host/cli/history.c \
	host/cli/inprocess.c \
	host/cli/inspect.c \
	host/cli/list.c \
	host/cli/query.c \
	host/cli/read.c \
	host/cli/run.c \
	host/cli/spec.c \
	host/cli/sql.c host/cli/sql.h \
	host/cli/state.c \
	host/cli/summary.c host/cli/summary.h \
	host/cli/table.c host/cli/table.h \
	host/cli/text.c host/cli/text.h \
	host/cli/ui.c host/cli/ui.h \
	host/cli/ui_json.c \
	host/cli/ui_live.c
host_libcli_a_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS) -DPKGLIBEXECDIR='"$(pkglibexecdir)"'
