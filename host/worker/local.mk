# host/worker: the channel, which the engine's side uses too, and the program that runs a connector
noinst_LIBRARIES += host/libworker.a
host_libworker_a_SOURCES = \
	host/worker/ask.c host/worker/ask.h \
	host/worker/budget.c host/worker/budget.h \
	host/worker/chan.c host/worker/chan.h \
	host/worker/command.c \
	host/worker/committed.c host/worker/committed.h \
	host/worker/crash.c host/worker/crash.h \
	host/worker/crumb.c host/worker/crumb.h \
	host/worker/describe.c host/worker/describe.h \
	host/worker/guard.c host/worker/guard.h \
	host/worker/lane.c host/worker/lane.h \
	host/worker/load.c host/worker/load.h \
	host/worker/page.c host/worker/page.h \
	host/worker/reading.c host/worker/reading.h \
	host/worker/readloop.c host/worker/readloop.h \
	host/worker/sched.c host/worker/sched.h \
	host/worker/services.c \
	host/worker/services_emit.c \
	host/worker/services_http.c \
	host/worker/hosted.c host/worker/hosted.h \
	host/worker/slot.c \
	host/worker/strict.c host/worker/strict.h \
	host/worker/tally.c host/worker/tally.h \
	host/worker/uplink.c host/worker/uplink.h \
	host/worker/walk.c host/worker/walk.h \
	host/worker/worker.c host/worker/worker.h

pkglibexec_PROGRAMS += abhost-worker
abhost_worker_SOURCES = host/worker/main.c
abhost_worker_LDADD = host/libworker.a host/libnet.a host/libdata.a host/libbase.a \
	$(CURL_LIBS) $(JANSSON_LIBS) -lm
