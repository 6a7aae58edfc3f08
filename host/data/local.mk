# host/data: bytes and JSON; knows no process, no network, no database
noinst_LIBRARIES += host/libdata.a
host_libdata_a_SOURCES = \
	host/data/config.c host/data/config.h host/data/config_internal.h \
	host/data/config_assert.c host/data/config_fill.c host/data/config_pattern.c \
	host/data/config_schema.c host/data/config_secret.c \
	host/data/near.c host/data/near.h
