# host/worker: the channel, which the engine's side uses too, and the program that runs a connector
noinst_LIBRARIES += host/libworker.a
host_libworker_a_SOURCES = \
	host/worker/chan.c host/worker/chan.h \
	host/worker/slot.c
