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

# The same in C++ and in Rust, where there is a compiler: a proof that abi.h is neutral.  Not installed.
if HAVE_CXX
check_DATA += examples/my-api-cpp.so
examples/my-api-cpp.so: examples/my-api-cpp.cpp sdk/include/abhost/abi.h sdk/connector.map
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(CXX) $(CONNECTOR_INC) -std=c++17 -Wall -Wextra -Wpedantic -fPIC -fvisibility=hidden $(SAN_FLAGS) \
		$(CXXFLAGS) $(CONNECTOR_LD) -Wl,--version-script=$(top_srcdir)/sdk/connector.map \
		-o $@ $(top_srcdir)/examples/my-api-cpp.cpp
endif
if HAVE_RUSTC
check_DATA += examples/my-api-rust.so
examples/my-api-rust.so: examples/my-api-rust.rs
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)MAKEFLAGS= $(RUSTC) --edition 2021 -O -C panic=abort -C strip=symbols --crate-type cdylib -o $@ \
		$(top_srcdir)/examples/my-api-rust.rs
endif
CLEANFILES += examples/my-api-cpp.so examples/my-api-rust.so

# The cookbook: a file for each way of an API.  Installed to be read; tests/whole/cookbook.py runs them all.
COOKBOOK = \
	examples/cookbook/cursor-header.c \
	examples/cookbook/feed.c \
	examples/cookbook/form.c \
	examples/cookbook/graphql.c \
	examples/cookbook/json-lines.c \
	examples/cookbook/last-record.c \
	examples/cookbook/link-header.c \
	examples/cookbook/lists.c \
	examples/cookbook/map.c \
	examples/cookbook/next-url.c \
	examples/cookbook/offset.c \
	examples/cookbook/page-number.c \
	examples/cookbook/search-json.c \
	examples/cookbook/shop.c \
	examples/cookbook/sign-in.c \
	examples/cookbook/windows.c
COOKBOOK_SO = $(COOKBOOK:.c=.so)
check_DATA += $(COOKBOOK_SO)
CLEANFILES += $(COOKBOOK_SO)
SUFFIXES = .so
$(COOKBOOK_SO): libabhost-kit.a
.c.so:
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(CC) $(CONNECTOR_INC) $(CONNECTOR_CC) $(CFLAGS) $(CONNECTOR_LD) -o $@ $< libabhost-kit.a

# Beside the documents, which send their readers there.
examplesdocdir = $(docdir)/examples
dist_examplesdoc_DATA = examples/README.md examples/config.example.json examples/my-api.c examples/my-api-low.c \
	examples/my-api-cpp.cpp examples/my-api-rust.rs examples/datasette.c
cookbookdocdir = $(examplesdocdir)/cookbook
dist_cookbookdoc_DATA = $(COOKBOOK)
pyairbytedocdir = $(examplesdocdir)/pyairbyte
dist_pyairbytedoc_DATA = examples/pyairbyte/read.py
recordingdocdir = $(examplesdocdir)/recordings/my-api
dist_recordingdoc_DATA = examples/recordings/my-api/recording.json \
	examples/recordings/my-api/00001.json examples/recordings/my-api/00002.json \
	examples/recordings/my-api/00003.json examples/recordings/my-api/00004.json
