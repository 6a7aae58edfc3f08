/* cassette_private.h - inside of cassette.h: what its files share. */
#ifndef ABHOST_CASSETTE_PRIVATE_H
#define ABHOST_CASSETTE_PRIVATE_H
#include <pthread.h>

#include "net/cassette.h"
#include "net/url.h"

#define CASSETTE_FORMAT 1

/* A recorded exchange; texts without secrets. */
struct tape {
	char name[32];
	char *method, *url, *body;
	size_t nbody;
	uint64_t hash;
	uint32_t next; /* of the same bucket, 1 + index; 0: none */
	int used;
};

struct cassette_fault;
enum cassette_bent { CASSETTE_STRAIGHT, CASSETTE_REFUSED, CASSETTE_UNREACHABLE, CASSETTE_EMPTY };

struct cassette {
	char *folder;
	int replay, again;
	enum cassette_bent bent;
	int64_t begun_us;
	pthread_mutex_t lock;
	const struct cassette_fault *fault; /* in place of one answer, NULL: none */
	uint32_t fault_at;
	/* under lock */
	int is_spoilt;	 /* it was given out */
	uint32_t number; /* of the last file */
	struct tape *tapes;
	uint32_t ntapes;
	uint32_t *buckets, mask;
};

/* cassette_text.c: requests and answers as text without secrets. */
/* Appends text with every known secret masked, also behind a NUL. -1: no memory. */
int cassette_redact(struct buf *out, const char *bytes, size_t n);
/* Appends {"json": ...}, {"text": "..."} or {"base64": "..."}; lines: JSON with line ends between its records. */
int cassette_add_body(struct buf *out, const char *bytes, size_t n, int lines);
/* The bytes that such an object stands for. -1: no memory, or no such object. */
int cassette_body(const struct ab_json *object, struct buf *out);
/* Appends an object of the headers that are worth keeping. */
int cassette_add_headers(struct buf *out, const struct headers *h, int answer);

/* cassette_fault.c: what a test puts in the place of one answer. */
int cassette_is_faulty(const struct cassette *c, const struct tape *t);
/* What resp and result have is changed.  -1: no memory. */
int cassette_put_fault(const struct cassette *c, const struct transfer_request *r,
    struct http_response *resp, struct transfer_result *result);
/* cassette_bend.c: what a test puts in the place of an answer. */
/* 1: it is the whole answer, nothing need be looked for. */
int cassette_bent_answer(
    const struct cassette *c, struct http_response *resp, struct transfer_result *result);
/* The body without its lists' elements; what holds none, and what is no JSON, stays. -1: no memory. */
int cassette_empty_lists(struct buf *body);

/* cassette_find.c: which exchange a request gets. */
int cassette_index(struct cassette *c);
/* Takes the next one of this kind, or says what differs. Under lock. */
const struct tape *cassette_take(
    struct cassette *c, const char *method, const char *url, struct ab_str body, struct error *e);
#endif
