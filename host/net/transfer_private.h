/* transfer_private.h - inside of transfer.h: one easy handle and what it is doing. */
#ifndef ABHOST_TRANSFER_PRIVATE_H
#define ABHOST_TRANSFER_PRIVATE_H
#include <curl/curl.h>

#include "net/decode.h"
#include "net/transfer.h"

/* Why a callback refused to go on. */
enum refusal {
	REFUSED_NOT,
	REFUSED_LARGE, /* more than body.max */
	REFUSED_MEMORY,
	REFUSED_HEADERS,  /* more of them than are taken */
	REFUSED_ENCODING, /* a Content-Encoding that was not asked for */
	REFUSED_UNLIKE,	  /* it begins unlike what its Content-Encoding says */
	REFUSED_DAMAGED
};

struct exchange {
	struct transfer *t;
	struct exchange *next; /* of the transfer's streams */
	CURL *easy;
	struct curl_slist *list; /* of `sent`, kept while requests send the same */
	struct buf sent;
	struct http_response *resp;
	struct decode decode;
	struct body raw;   /* encoded: all of a small body, or what waits for room in the chunk */
	struct body chunk; /* of a stream */
	size_t raw_at;	   /* so much of it is decoded */
	uint64_t received; /* encoded bytes so far */
	enum decode_kind kind;
	int has_head;  /* the empty line behind the headers has come */
	int has_begun; /* a byte of the body has come */
	int wants_stream, is_stream;
	int is_piecewise; /* too large to be decoded in one step */
	int is_lent;	  /* the chunk is with the connector: it must not move */
	int is_drained;	  /* nobody wants what still comes */
	int is_paused, is_added, is_done;
	int is_played; /* from a cassette: resp->body has it all, chunk_at of it was given out */
	size_t chunk_at;
	int is_cut;	   /* played: and behind that it breaks, as the result then said */
	struct buf noted;  /* recording: the request, */
	struct body taped; /* what came of a stream so far, */
	int64_t begun_us;  /* and since when */
	CURLcode code;	   /* once it is done */
	enum refusal refusal;
	char encoding[64]; /* REFUSED_ENCODING: what it is */
	char why[CURL_ERROR_SIZE];
};

struct transfer {
	const struct http_env *env;
	struct http_limits limits;
	CURLM *multi;		  /* NULL: all is played */
	struct exchange *main;	  /* every exchange that is no stream */
	struct exchange *streams; /* open ones, and those that wait to be used again */
};

/* transfer_setup.c. NULL: no memory. */
struct exchange *exchange_new(struct transfer *t);
void exchange_free(struct exchange *x);
/* -1: no memory, or a URL that libcurl does not take. */
int exchange_set(struct exchange *x, const struct transfer_request *r);

/* transfer_tape.c: the cassette's side. */
/* Instead of an exchange. */
void exchange_play(struct exchange *x, const struct transfer_request *r, struct http_response *resp,
    int wants_stream, struct transfer_result *result);
void exchange_play_on(struct exchange *x, struct ab_str *chunk, struct transfer_result *result);
/* Before an exchange. -1: no memory. */
int exchange_note(struct exchange *x, const struct transfer_request *r);
/* A piece of a stream came. What cannot be recorded goes to result. */
void exchange_tape(struct exchange *x, struct ab_str chunk, struct transfer_result *result);
/* It has ended well, or was let go: writes it, once. */
void exchange_record(struct exchange *x, struct transfer_result *result);

/* transfer_body.c: libcurl's callbacks, and what is left to do with what they gathered. */
size_t exchange_header(char *line, size_t size, size_t n, void *exchange);
size_t exchange_body(char *bytes, size_t size, size_t n, void *exchange);
/* Fills the chunk from what waits in raw. */
void exchange_fill(struct exchange *x);
/* The whole answer is there: the body is decoded and closed.  What is wrong goes to x->refusal; 1: it was cut short. */
int exchange_complete(struct exchange *x);
#endif
