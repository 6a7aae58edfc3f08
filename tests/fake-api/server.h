/* server.h - what the parts of the fake API share. */
#ifndef FAKE_SERVER_H
#define FAKE_SERVER_H
#include <microhttpd.h>

#include "fault.h"
#include "log.h"
#include "oauth.h"
#include "page.h"
#include "store.h"

#define PACKED_SLOTS 16384

/* packed.c: compressed pages by the target that was asked for */
struct packed {
	pthread_mutex_t lock;
	size_t count;
	char *target[PACKED_SLOTS], *bytes[PACKED_SLOTS];
	size_t len[PACKED_SLOTS];
};

struct server {
	struct store store;
	struct fault_plan faults;
	struct request_log log;
	struct oauth oauth;
	char key[256];
	size_t limit_max;
	int gzip;	       /* compress bodies for those who accept it */
	struct packed *packed; /* and do it once for each page; NULL: every time */
};

/* One exchange; the body of an admin request is collected in `body`. */
struct exchange {
	struct server *server;
	struct MHD_Connection *connection;
	char *target; /* path and query as sent */
	const char *method, *path;
	struct buf body;
	int begun;
};

/* server.c */
/* Listens on loopback; port 0: any. NULL where it cannot. */
struct MHD_Daemon *server_start(struct server *s, uint16_t port);

/* api.c: everything under /v1/ */
enum MHD_Result api_answer(struct exchange *x);

/* ways.c: lists in the ways of other APIs; path: behind /v1/.  0: it is none of them. */
int ways_answer(struct exchange *x, const char *path, const struct fault *f, enum MHD_Result *rc);

/* admin.c: everything under /_admin/ */
enum MHD_Result admin_answer(struct exchange *x);

/* packed.c. 1: there was one, and out is it now. */
int packed_get(struct packed *p, const char *target, struct page *out);
void packed_put(struct packed *p, const char *target, const char *bytes, size_t n);

/* reply.c */
/* Sends the page (taken, also on failure) with what the fault does to the transport. */
enum MHD_Result
reply_page(struct exchange *x, struct page *taken, unsigned status, const struct fault *f);
/* Sends a text as application/json, or as it is said. */
enum MHD_Result reply_text(
    struct exchange *x, unsigned status, const char *type, const char *text, const struct fault *f);
/* The live records of a list as JSON lines, in the order of serving; 0 or -1. */
int reply_lines(struct store *s, const struct store_list *l, struct buf *out);

/* endless.c: bodies that are made while they are sent */
/* long, endless and bomb. */
enum MHD_Result endless_fault(struct exchange *x, const struct fault *f);
/* JSON lines of 128 bytes, with "id" from 0 on. */
enum MHD_Result endless_export(struct exchange *x, uint64_t lines);

/* lists.c: every list in a file, or in the *.json files of a folder, as a list of its own. 0, or -1 after a
 * message on stderr. */
int lists_load(struct store *s, const char *path);
#endif
