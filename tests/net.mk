# tests of host/net
if HAVE_CHECK
NET_TEST_CC = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
HTTP_FIXTURE = tests/http-fixture.c tests/http-fixture.h tests/wire.c tests/wire.h tests/suite.h
PASSING = tests/passing.c tests/passing.h
PASSING_LD = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
NET_TEST_LIBS = host/libnet.a host/libdata.a host/libbase.a $(CURL_LIBS) $(JANSSON_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/url.t tests/retry.t tests/told.t tests/gate.t tests/handlers.t \
	tests/auth.t tests/auth-kinds.t tests/request.t tests/shared.t tests/token.t \
	tests/http.t tests/http-faults.t tests/http-etiquette.t tests/http-transport.t tests/http-tls.t \
	tests/decode.t tests/bodies.t tests/cassette.t
tests_url_t_SOURCES = tests/url.c tests/suite.h
tests_url_t_CFLAGS = $(NET_TEST_CC)
tests_url_t_LDADD = $(NET_TEST_LIBS)
tests_retry_t_SOURCES = tests/retry.c tests/suite.h
tests_retry_t_CFLAGS = $(NET_TEST_CC)
tests_retry_t_LDADD = $(NET_TEST_LIBS)
tests_told_t_SOURCES = tests/told.c tests/suite.h
tests_told_t_CFLAGS = $(NET_TEST_CC)
tests_told_t_LDADD = $(NET_TEST_LIBS)
tests_gate_t_SOURCES = tests/gate.c tests/suite.h
tests_gate_t_CFLAGS = $(NET_TEST_CC)
tests_gate_t_LDADD = $(NET_TEST_LIBS)
tests_handlers_t_SOURCES = tests/handlers.c tests/suite.h
tests_handlers_t_CFLAGS = $(NET_TEST_CC)
tests_handlers_t_LDADD = $(NET_TEST_LIBS)
tests_auth_t_SOURCES = tests/auth.c tests/suite.h
tests_auth_t_CFLAGS = $(NET_TEST_CC)
tests_auth_t_LDADD = $(NET_TEST_LIBS)
tests_auth_kinds_t_SOURCES = tests/auth-kinds.c tests/suite.h
tests_auth_kinds_t_CFLAGS = $(NET_TEST_CC)
tests_auth_kinds_t_LDADD = $(NET_TEST_LIBS)
tests_token_t_SOURCES = tests/token.c $(PASSING) $(HTTP_FIXTURE)
tests_token_t_CFLAGS = $(NET_TEST_CC)
tests_token_t_LDFLAGS = $(PASSING_LD)
tests_token_t_LDADD = $(NET_TEST_LIBS)
tests_request_t_SOURCES = tests/request.c tests/suite.h
tests_request_t_CFLAGS = $(NET_TEST_CC)
tests_request_t_LDADD = $(NET_TEST_LIBS)
tests_shared_t_SOURCES = tests/shared.c tests/suite.h
tests_shared_t_CFLAGS = $(NET_TEST_CC)
tests_shared_t_LDADD = $(NET_TEST_LIBS)
tests_decode_t_SOURCES = tests/decode.c tests/suite.h
tests_decode_t_CFLAGS = $(NET_TEST_CC) $(CURL_CFLAGS)
tests_decode_t_LDADD = $(NET_TEST_LIBS)
tests_bodies_t_SOURCES = tests/bodies.c $(HTTP_FIXTURE)
tests_bodies_t_CFLAGS = $(NET_TEST_CC) $(CURL_CFLAGS)
tests_bodies_t_LDADD = $(NET_TEST_LIBS)
tests_cassette_t_SOURCES = tests/cassette.c $(HTTP_FIXTURE)
tests_cassette_t_CFLAGS = $(NET_TEST_CC)
tests_cassette_t_LDADD = $(NET_TEST_LIBS)
tests_http_tls_t_SOURCES = tests/http-tls.c $(HTTP_FIXTURE)
tests_http_tls_t_CFLAGS = $(NET_TEST_CC)
tests_http_tls_t_LDADD = $(NET_TEST_LIBS)
tests_http_t_SOURCES = tests/http.c $(HTTP_FIXTURE)
tests_http_t_CFLAGS = $(NET_TEST_CC)
tests_http_t_LDADD = $(NET_TEST_LIBS)
tests_http_faults_t_SOURCES = tests/http-faults.c $(HTTP_FIXTURE)
tests_http_faults_t_CFLAGS = $(NET_TEST_CC) $(CURL_CFLAGS)
tests_http_faults_t_LDADD = $(NET_TEST_LIBS)

tests_http_etiquette_t_SOURCES = tests/http-etiquette.c $(HTTP_FIXTURE)
tests_http_etiquette_t_CFLAGS = $(NET_TEST_CC)
tests_http_etiquette_t_LDADD = $(NET_TEST_LIBS)
tests_http_transport_t_SOURCES = tests/http-transport.c $(HTTP_FIXTURE)
tests_http_transport_t_CFLAGS = $(NET_TEST_CC)
tests_http_transport_t_LDADD = $(NET_TEST_LIBS)

# "make check" builds it, nothing runs it: tests/bench/http URL
check_PROGRAMS += tests/bench/http
tests_bench_http_SOURCES = tests/bench/http.c
tests_bench_http_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(JANSSON_CFLAGS)
tests_bench_http_LDADD = host/libnet.a host/libdata.a host/libbase.a $(CURL_LIBS) $(JANSSON_LIBS)

# driven by tests/whole/limits.py, and by hand
check_PROGRAMS += tests/bench/limit
tests_bench_limit_SOURCES = tests/bench/limit.c
tests_bench_limit_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_bench_limit_LDADD = host/libnet.a host/libdata.a host/libbase.a $(CURL_LIBS) $(JANSSON_LIBS)

TESTS += tests/url.t tests/retry.t tests/told.t tests/gate.t tests/handlers.t \
	tests/auth.t tests/auth-kinds.t tests/request.t tests/shared.t tests/token.t tests/http.t \
	tests/http-faults.t tests/http-etiquette.t tests/http-transport.t tests/http-tls.t \
	tests/decode.t tests/bodies.t tests/cassette.t
# signing, secrets, tokens
check_PROGRAMS += tests/jwt.t tests/secrets.t tests/token-threads.t
TESTS += tests/jwt.t tests/secrets.t tests/token-threads.t
tests_jwt_t_SOURCES = tests/jwt.c tests/suite.h
tests_jwt_t_CFLAGS = $(NET_TEST_CC) $(CRYPTO_CFLAGS)
tests_jwt_t_LDADD = $(NET_TEST_LIBS)
tests_secrets_t_SOURCES = tests/secrets.c tests/suite.h
tests_secrets_t_CFLAGS = $(NET_TEST_CC)
tests_secrets_t_LDADD = $(NET_TEST_LIBS)
tests_token_threads_t_SOURCES = tests/token-threads.c $(PASSING) tests/suite.h
tests_token_threads_t_CFLAGS = $(NET_TEST_CC)
tests_token_threads_t_LDFLAGS = $(PASSING_LD)
tests_token_threads_t_LDADD = $(NET_TEST_LIBS)
endif
