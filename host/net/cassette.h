/* cassette.h - a folder to which exchanges are recorded, or from which they are played in place of a network.
 *
 * docs/http.md and sdk/schema/exchange.json describe the files: one for each exchange, in their order, and recording.json
 * with the time at which it began.  No secret is written: what redact knows is masked wherever it stands, headers that
 * carry credentials and cookies are left out, and exchanges for a token must not be handed over at all.
 *
 * When played, an exchange is found by method, URL and body, the n-th request of its kind by the n-th recorded one, so that
 * threads may ask in any order.  Every function is for any thread. */
#ifndef ABHOST_CASSETTE_H
#define ABHOST_CASSETTE_H
#include "net/transfer.h"

struct cassette;

/* The folder is there.  Recording goes on behind what it holds; a replay of "" has nothing.  AB_ECONFIG: it cannot be
 * used. */
ab_status cassette_open(const char *folder, int replay, struct cassette **out, struct error *e);
/* NULL is fine. */
void cassette_free(struct cassette *c);
/* For tests of a connector.  Played exchanges that were used up are given again, from the first of their kind. */
void cassette_again(struct cassette *c);
/* In place of what was recorded, for every request, also one that was not: "401" (an answer of this status),
 * "unreachable"; or what was recorded with every list in it "empty".  -1: no such thing. */
int cassette_bend(struct cassette *c, const char *how);
/* For tests of a connector: whoever asks for the exchange of this number ("00003.json": 3) gets, as often as it asks, in
 * place of its answer "401", "403", "404", "429" or "500" (an answer of this status), "reset" (none), "truncated" (half of
 * its body), "html", "empty" ({}) or "null" (a good answer with this for a body), or "types" (the same answer with each
 * value in it of another type); what is no JSON keeps its body.  What is asked for afterwards and was not recorded is AB_EDATA.  -1: no such kind. */
int cassette_fault(struct cassette *c, uint32_t exchange, const char *kind);
int cassette_replays(const struct cassette *c);
/* UTC, when the recording began: what a connector's clock shows. */
int64_t cassette_begun_us(const struct cassette *c);
/* The request's half of a file, to be kept until its answer is there. -1: no memory. */
int cassette_note(const struct transfer_request *r, struct buf *out);
/* How an exchange went, to be recorded. */
struct cassette_take {
	const struct buf *noted;
	const struct http_response *resp;
	struct ab_str body;
	const struct transfer_result *result; /* its status is AB_OK */
	uint32_t ms;
};
/* Writes a file.  AB_ECONFIG: it cannot be written. */
ab_status cassette_record(struct cassette *c, const struct cassette_take *take, struct error *e);
/* Fills resp and result from the recording.  AB_ECONFIG: it is not in there, with what differs from the nearest one. */
ab_status cassette_play(struct cassette *c, const struct transfer_request *r,
    struct http_response *resp, struct transfer_result *result, struct error *e);
#endif
