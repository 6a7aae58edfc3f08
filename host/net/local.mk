# host/net: HTTP for connectors; linked by the worker, never by the engine
noinst_LIBRARIES += host/libnet.a
host_libnet_a_SOURCES = \
	host/net/address.c host/net/address.h \
	host/net/auth.c host/net/auth.h host/net/auth_internal.h \
	host/net/auth_jwt.c \
	host/net/auth_oauth2.c \
	host/net/auth_request.c \
	host/net/auth_session.c \
	host/net/auth_text.c \
	host/net/body.c host/net/body.h \
	host/net/crowd.c host/net/crowd.h \
	host/net/cassette.c host/net/cassette.h host/net/cassette_private.h \
	host/net/cassette_bend.c host/net/cassette_fault.c \
	host/net/cassette_find.c \
	host/net/cassette_text.c \
	host/net/decode.c host/net/decode.h \
	host/net/endpoint.c host/net/endpoint.h \
	host/net/explain.c host/net/explain.h \
	host/net/fields.c host/net/fields.h \
	host/net/gate.c host/net/gate.h \
	host/net/handlers.c host/net/handlers.h \
	host/net/headers.c host/net/headers.h \
	host/net/http.c host/net/http.h \
	host/net/http_run.c host/net/http_run.h \
	host/net/http_token.c \
	host/net/jwt.c host/net/jwt.h \
	host/net/limits.c host/net/limits.h \
	host/net/lookup.c host/net/lookup.h \
	host/net/manners.c host/net/manners.h \
	host/net/proxy.c host/net/proxy.h \
	host/net/ratelimit.c host/net/ratelimit.h \
	host/net/request.c host/net/request.h \
	host/net/response.c host/net/response.h \
	host/net/retry.c host/net/retry.h \
	host/net/secrets.c host/net/secrets.h \
	host/net/shared.c host/net/shared.h \
	host/net/token.c host/net/token.h host/net/token_internal.h \
	host/net/token_answer.c \
	host/net/token_request.c \
	host/net/told.c host/net/told.h \
	host/net/transfer.c host/net/transfer.h host/net/transfer_private.h \
	host/net/transfer_body.c \
	host/net/transfer_setup.c \
	host/net/transfer_tape.c \
	host/net/url.c host/net/url.h \
	host/net/when.c host/net/when.h
host_libnet_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS)
