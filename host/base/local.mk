# host/base: the ground floor; includes nothing of ours but the SDK's status codes
noinst_LIBRARIES += host/libbase.a
host_libbase_a_SOURCES = \
	host/base/arena.c host/base/arena.h \
	host/base/base64.c host/base/base64.h \
	host/base/buf.c host/base/buf.h \
	host/base/clock.c host/base/clock.h \
	host/base/error.c host/base/error.h \
	host/base/file.c host/base/file.h \
	host/base/log.c host/base/log.h \
	host/base/nocore.c host/base/nocore.h \
	host/base/redact.c host/base/redact.h \
	host/base/tree.c host/base/tree.h \
	host/base/utf8.c host/base/utf8.h
