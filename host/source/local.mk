# host/source: connectors on disk, and running sources of any kind
noinst_LIBRARIES += host/libsource.a
host_libsource_a_SOURCES = \
	host/source/descriptor.c \
	host/source/environment.c host/source/environment.h \
	host/source/foreign.c host/source/foreign.h \
	host/source/foreign_end.c host/source/foreign_files.c \
	host/source/foreign_keep.c host/source/foreign_read.c host/source/foreign_say.c \
	host/source/foreign_spec.c \
	host/source/install.c host/source/install.h \
	host/source/loader.c host/source/loader.h host/source/loader_internal.h \
	host/source/logpipe.c host/source/logpipe.h \
	host/source/native.c host/source/native.h \
	host/source/obituary.c \
	host/source/pin.c host/source/pin.h \
	host/source/program.c host/source/program.h \
	host/source/sofile.c host/source/sofile.h host/source/sofile_internal.h \
	host/source/sofile_link.c \
	host/source/source.c host/source/source.h host/source/source_kind.h \
	host/source/spawn.c host/source/spawn.h \
	host/source/unwrap.c \
	host/source/venv.c host/source/venv.h \
	host/source/verify.c host/source/verify.h
host_libsource_a_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS) $(NETTLE_CFLAGS) -DCONNECTORDIR='"$(connectordir)"' \
	-DPKGLIBEXECDIR='"$(pkglibexecdir)"'
