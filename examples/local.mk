# examples: connectors to read first.  They are built beside their sources and installed with the others,
# so `abhost run my-api config.json` works by name too.
connector_PROGRAMS += examples/my-api.so examples/my-api-low.so examples/datasette.so

examples_my_api_so_SOURCES = examples/my-api.c
examples_my_api_so_CPPFLAGS = $(CONNECTOR_INC)
examples_my_api_so_CFLAGS = $(CONNECTOR_CC)
examples_my_api_so_LDFLAGS = $(CONNECTOR_LD)
examples_my_api_so_LDADD = libabhost-kit.a

examples_my_api_low_so_SOURCES = examples/my-api-low.c
examples_my_api_low_so_CPPFLAGS = $(CONNECTOR_INC)
examples_my_api_low_so_CFLAGS = $(CONNECTOR_CC)
examples_my_api_low_so_LDFLAGS = $(CONNECTOR_LD)

examples_datasette_so_SOURCES = examples/datasette.c
examples_datasette_so_CPPFLAGS = $(CONNECTOR_INC)
examples_datasette_so_CFLAGS = $(CONNECTOR_CC)
examples_datasette_so_LDFLAGS = $(CONNECTOR_LD)
examples_datasette_so_LDADD = libabhost-kit.a

EXTRA_DIST += examples/README.md examples/config.example.json
