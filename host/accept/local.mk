# host/accept: abhost test, the acceptance kit for authors of connectors
noinst_LIBRARIES += host/libaccept.a
host_libaccept_a_SOURCES = \
	host/accept/accept.c host/accept/accept.h \
	host/accept/act.c host/accept/act.h \
	host/accept/binary.c \
	host/accept/checks.c host/accept/checks.h \
	host/accept/disturb.c \
	host/accept/faults.c \
	host/accept/judge.c host/accept/judge.h \
	host/accept/kit.c host/accept/kit.h \
	host/accept/memory.c \
	host/accept/once.c \
	host/accept/open.c \
	host/accept/leak.c \
	host/accept/read.c host/accept/read.h \
	host/accept/readout.c host/accept/readout.h \
	host/accept/record.c \
	host/accept/resume.c \
	host/accept/since.c host/accept/since.h \
	host/accept/spec.c \
	host/accept/spoil.c host/accept/spoil.h \
	host/accept/streams.c \
	host/accept/strict.c \
	host/accept/valgrind.c
# the descriptions' schemas, as bytes
ACCEPT_SCHEMAS = \
	host/accept/endpoint_schema.inc \
	host/accept/options_schema.inc \
	host/accept/stream_schema.inc
$(ACCEPT_SCHEMAS): host/accept/%_schema.inc: $(srcdir)/sdk/schema/%.json
	$(AM_V_GEN)$(MKDIR_P) host/accept && $(BYTES_OF) && \
		{ bytes_of $< && echo 0; } >$@.tmp && mv $@.tmp $@ || $(BYTES_FAILED)
host/accept/libaccept_a-since.$(OBJEXT): $(ACCEPT_SCHEMAS)
CLEANFILES += $(ACCEPT_SCHEMAS)
host_libaccept_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(builddir)/host
