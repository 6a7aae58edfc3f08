# sdk: what a connector's author gets.  The kit is static and position independent: its functions are
# compiled into the connector, hidden, and need nothing but libc.
abhostincludedir = $(includedir)/abhost
abhostinclude_HEADERS = \
	sdk/include/abhost/abi.h \
	sdk/include/abhost/connector.h \
	sdk/include/abhost/rest.h

lib_LIBRARIES += libabhost-kit.a
libabhost_kit_a_SOURCES = \
	sdk/kit/kit.h \
	sdk/kit/rest.c \
	sdk/kit/records.c \
	sdk/kit/shape.c \
	sdk/kit/table.c \
	sdk/kit/lines.c \
	sdk/kit/fetch.c \
	sdk/kit/partition.c \
	sdk/kit/parents.c \
	sdk/kit/span.c \
	sdk/kit/spec.c \
	sdk/kit/when.c \
	sdk/kit/request.c \
	sdk/kit/body.c \
	sdk/kit/template.c \
	sdk/kit/path.c \
	sdk/kit/pager.c \
	sdk/kit/link.c \
	sdk/kit/text.c
libabhost_kit_a_CPPFLAGS = $(CONNECTOR_INC) -D_POSIX_C_SOURCE=200809L
libabhost_kit_a_CFLAGS = $(CONNECTOR_CC)

# what was released, for ever
EXTRA_DIST += sdk/abi/1.0.h sdk/abi/SHA256SUMS sdk/abi/appended.abignore

pkgconfig_DATA = sdk/abhost-sdk.pc

# what a linker must be told that languages with templates export nothing else
dist_pkgdata_DATA = sdk/connector.map

schemadir = $(pkgdatadir)/schema
dist_schema_DATA = \
	sdk/schema/about.json \
	sdk/schema/endpoint.json \
	sdk/schema/exchange.json \
	sdk/schema/options.json \
	sdk/schema/report.json \
	sdk/schema/stream.json \
	sdk/schema/sync.json

# What `abhost new` writes; it is part of the program (host/cli/local.mk).
TEMPLATES = \
	sdk/template/LICENSE.Apache-2.0 \
	sdk/template/LICENSE.MIT \
	sdk/template/Makefile.c \
	sdk/template/Makefile.cpp \
	sdk/template/README.md \
	sdk/template/ci.yml \
	sdk/template/config.example.json \
	sdk/template/fixtures/00001.json \
	sdk/template/fixtures/00002.json \
	sdk/template/fixtures/00003.json \
	sdk/template/fixtures/00004.json \
	sdk/template/fixtures/00005.json \
	sdk/template/fixtures/00006.json \
	sdk/template/fixtures/00007.json \
	sdk/template/fixtures/00008.json \
	sdk/template/fixtures/recording.json \
	sdk/template/gitignore \
	sdk/template/rest.c \
	sdk/template/rest.cpp \
	sdk/template/vtable.c \
	sdk/template/vtable.cpp
EXTRA_DIST += $(TEMPLATES)
