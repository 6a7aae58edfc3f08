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

templatedir = $(pkgdatadir)/template
dist_template_DATA = \
	sdk/template/Makefile \
	sdk/template/README.md \
	sdk/template/connector.c
