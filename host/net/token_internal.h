/* token_internal.h - what token.c, token_request.c and token_answer.c share: one request for a token. */
#ifndef ABHOST_TOKEN_INTERNAL_H
#define ABHOST_TOKEN_INTERNAL_H
#include "net/token.h"

#define TOKEN_HEADERS_MAX 32
#define TOKEN_MAX	  (64u << 10) /* bytes of a token that is believed to be one */

/* token_request.c: a request made from a recipe; wiped at its end. */
struct token_request {
	struct ab_request ask;
	struct buf url, body;
	const char *headers[2 * TOKEN_HEADERS_MAX + 5];
	json_t *params;
};

/* refresh: the refresh token to send, or NULL. */
ab_status token_request_init(struct token_request *q, const struct token_recipe *r,
    const char *refresh, int64_t now_us, struct error *e);
void token_request_fini(struct token_request *q);

/* token_answer.c: what came; malloc'ed, wiped by token_answer_fini. */
struct token_answer {
	char *access, *refresh; /* refresh NULL: it stays what it was */
	int64_t lifetime_us;	/* 0: unknown */
};

/* Reads the answer, and registers what it holds with redact_add.  AB_ECONFIG: the server refuses. */
ab_status token_answer_read(const struct token_recipe *r, const struct http_response *resp,
    int64_t now_us, struct token_answer *out, struct error *e);
void token_answer_fini(struct token_answer *a);
#endif
