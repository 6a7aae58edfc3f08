# make check-real: connectors against servers that nobody here wrote.  Not in TESTS: installing them needs Node, Go,
# PyPI's packages and PostgreSQL; what is missing is told and left out.  With CI=true nothing may be.
REAL_TESTS = \
	tests/real/accept.py \
	tests/real/airbyte-sources.py \
	tests/real/airbyte-kit.py \
	tests/real/datasette.py \
	tests/real/httpbin.py \
	tests/real/json-server.py \
	tests/real/kinto.py \
	tests/real/octokit.py \
	tests/real/postgraphile.py \
	tests/real/pyairbyte.py \
	tests/real/pyairbyte-cells.py \
	tests/real/pyairbyte-destination.py \
	tests/real/synapse.py \
	tests/real/tokens.py \
	tests/real/toxiproxy.py
EXTRA_DIST += $(REAL_TESTS) tests/real/install tests/real/real.py tests/real/servers.py \
	tests/real/gate.py tests/real/loopback.js tests/real/oidc.mjs tests/real/pins/datasette.txt tests/real/pins/kinto.txt \
	tests/real/pins/synapse.txt

# These need no server: the requests of Airbyte's CDK, as facts, against ours; and the installing itself.
dist_check_SCRIPTS += tests/real/cdk.py tests/real/installing.py
TESTS += tests/real/cdk.py tests/real/installing.py
EXTRA_DIST += tests/real/facts tests/real/echo.py tests/real/pins/cdk.txt tests/real/pins/pyairbyte.txt tests/real/pins/pytest.txt \
	tests/real/pins/source-faker.txt tests/real/pins/source-hardcoded-records.txt \
	tests/real/pins/source-smoke-test.txt tests/real/pins/source-file.txt

.PHONY: check-real
check-real: all
	@# they wait for servers more than they compute
	fine=0; PYTHON='$(PYTHON)' $(top_srcdir)/tests/real/install || fine=1; \
	$(MAKE) $(AM_MAKEFLAGS) -j3 check TESTS='$(REAL_TESTS)' || fine=1; exit $$fine

REAL_LDADD = libabhost-kit.a
check_PROGRAMS += tests/real/httpbin.so
tests_real_httpbin_so_SOURCES = tests/real/httpbin.c
tests_real_httpbin_so_CPPFLAGS = $(CONNECTOR_INC)
tests_real_httpbin_so_CFLAGS = $(CONNECTOR_CC)
tests_real_httpbin_so_LDFLAGS = $(CONNECTOR_LD)
tests_real_httpbin_so_LDADD = $(REAL_LDADD)

check_PROGRAMS += tests/real/httpbin-bearer.so
tests_real_httpbin_bearer_so_SOURCES = tests/real/httpbin.c
tests_real_httpbin_bearer_so_CPPFLAGS = $(CONNECTOR_INC) -DBEARER
tests_real_httpbin_bearer_so_CFLAGS = $(CONNECTOR_CC)
tests_real_httpbin_bearer_so_LDFLAGS = $(CONNECTOR_LD)
tests_real_httpbin_bearer_so_LDADD = $(REAL_LDADD)

check_PROGRAMS += tests/real/httpbin-key.so
tests_real_httpbin_key_so_SOURCES = tests/real/httpbin.c
tests_real_httpbin_key_so_CPPFLAGS = $(CONNECTOR_INC) -DAPI_KEY
tests_real_httpbin_key_so_CFLAGS = $(CONNECTOR_CC)
tests_real_httpbin_key_so_LDFLAGS = $(CONNECTOR_LD)
tests_real_httpbin_key_so_LDADD = $(REAL_LDADD)

check_PROGRAMS += tests/real/json-server.so
tests_real_json_server_so_SOURCES = tests/real/json-server.c
tests_real_json_server_so_CPPFLAGS = $(CONNECTOR_INC)
tests_real_json_server_so_CFLAGS = $(CONNECTOR_CC)
tests_real_json_server_so_LDFLAGS = $(CONNECTOR_LD)
tests_real_json_server_so_LDADD = $(REAL_LDADD)

check_PROGRAMS += tests/real/octokit.so
tests_real_octokit_so_SOURCES = tests/real/octokit.c
tests_real_octokit_so_CPPFLAGS = $(CONNECTOR_INC)
tests_real_octokit_so_CFLAGS = $(CONNECTOR_CC)
tests_real_octokit_so_LDFLAGS = $(CONNECTOR_LD)
tests_real_octokit_so_LDADD = $(REAL_LDADD)

check_PROGRAMS += tests/real/kinto.so
tests_real_kinto_so_SOURCES = tests/real/kinto.c
tests_real_kinto_so_CPPFLAGS = $(CONNECTOR_INC)
tests_real_kinto_so_CFLAGS = $(CONNECTOR_CC)
tests_real_kinto_so_LDFLAGS = $(CONNECTOR_LD)
tests_real_kinto_so_LDADD = $(REAL_LDADD)

check_PROGRAMS += tests/real/postgraphile.so
tests_real_postgraphile_so_SOURCES = tests/real/postgraphile.c
tests_real_postgraphile_so_CPPFLAGS = $(CONNECTOR_INC)
tests_real_postgraphile_so_CFLAGS = $(CONNECTOR_CC)
tests_real_postgraphile_so_LDFLAGS = $(CONNECTOR_LD)
tests_real_postgraphile_so_LDADD = $(REAL_LDADD)

check_PROGRAMS += tests/real/synapse.so
tests_real_synapse_so_SOURCES = tests/real/synapse.c
tests_real_synapse_so_CPPFLAGS = $(CONNECTOR_INC)
tests_real_synapse_so_CFLAGS = $(CONNECTOR_CC)
tests_real_synapse_so_LDFLAGS = $(CONNECTOR_LD)
tests_real_synapse_so_LDADD = $(REAL_LDADD)

check_PROGRAMS += tests/real/cdk.so
tests_real_cdk_so_SOURCES = tests/real/cdk.c
tests_real_cdk_so_CPPFLAGS = $(CONNECTOR_INC)
tests_real_cdk_so_CFLAGS = $(CONNECTOR_CC)
tests_real_cdk_so_LDFLAGS = $(CONNECTOR_LD)
tests_real_cdk_so_LDADD = $(REAL_LDADD)

check_PROGRAMS += tests/real/tokens.so
tests_real_tokens_so_SOURCES = tests/real/tokens.c
tests_real_tokens_so_CPPFLAGS = $(CONNECTOR_INC)
tests_real_tokens_so_CFLAGS = $(CONNECTOR_CC)
tests_real_tokens_so_LDFLAGS = $(CONNECTOR_LD)
tests_real_tokens_so_LDADD = $(REAL_LDADD)
