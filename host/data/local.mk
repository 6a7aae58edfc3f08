# host/data: bytes and JSON; knows no process, no network, no database
noinst_LIBRARIES += host/libdata.a
host_libdata_a_SOURCES = \
	host/data/beside.c host/data/beside.h \
	host/data/canonical.c host/data/canonical.h \
	host/data/config.c host/data/config.h host/data/config_internal.h \
	host/data/config_assert.c host/data/config_fill.c host/data/config_pattern.c \
	host/data/config_meta.c host/data/config_schema.c host/data/config_secret.c \
	host/data/jsonread.c host/data/jsonread.h host/data/jsontext.c host/data/jsontext.h \
	host/data/lines.c host/data/lines.h host/data/lines_span.c \
	host/data/near.c host/data/near.h host/data/number.c host/data/number.h \
	host/data/scan.c host/data/scan.h host/data/scan_lex.c host/data/scan_lex.h \
	host/data/value.c host/data/value.h host/data/value_text.c \
	host/data/view.c host/data/view.h host/data/view_kids.c \
	host/data/view_private.h host/data/view_skip.c host/data/view_skip.h
