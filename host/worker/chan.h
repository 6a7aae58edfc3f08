/* chan.h - the channel between the engine and one worker: messages and page slots.
 *
 * Control: messages on a SOCK_SEQPACKET pair.  A message has a type, a few numbers and up to CHAN_TEXTS
 * texts; one that is larger than a packet travels in parts and is put together again below a cap.
 * Pages: a memfd of slots, one more than there are lanes, sealed against resizing before the worker starts.  The
 * worker writes a page with pwrite, says where it is (CHAN_PAGE), and may not touch the slot before the engine's
 * CHAN_FREE.  The engine preads a page into its own buffer and never maps the memfd.  In front of the slots stand
 * the numbers of both, and one struct chan_crumb per lane: where the lane is now, for the watchdog and for the
 * sentence after a crash.
 *
 * Everything that comes from the worker is untrusted: chan_recv checks sizes before it allocates, the
 * engine checks what the numbers mean (host/source/verify.c). */
#ifndef ABHOST_CHAN_H
#define ABHOST_CHAN_H
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

#define CHAN_MAX_LANES	64
#define CHAN_MAX_SLOTS	(CHAN_MAX_LANES + 1)
#define CHAN_ALL	UINT32_MAX /* no stream */
#define CHAN_TEXTS	4
#define CHAN_PART_BYTES (32u << 10) /* text bytes in one packet */
#define CHAN_MAX_TEXT	(16u << 20) /* all texts of a message together */
#define CHAN_FD		3	    /* in the worker: the socket, */
#define CHAN_MEM_FD	4	    /* the memfd, */
#define CHAN_SO_FD	5	    /* and the connector's file, already checked */

enum chan_type {
	/* engine to worker.  Each command is answered by CHAN_DONE or CHAN_FAIL, a CHAN_READ with its stream in it.
	 * CHAN_OPEN, CHAN_CHECK and CHAN_STREAMS run alone; reads of different streams may run together. */
	CHAN_OPEN =
	    1, /* text 0: config (JSON, with secrets); 1: name of the file, for messages; 2: path of the secrets
	          file, or ""; 3: what else was chosen, a JSON object: {"record": "/folder"} or {"replay": "/folder"};
	          and for a test of the connector {"strict": true, "measure": true} (strict.h, tally.h),
	          {"fault": {"exchange": 3, "kind": "401"}} and {"again": true, "bend": "401"} beside "replay", which may then
	          be "" (net/cassette.h); num: page cap, bytes; bytes:
	          what page bodies may take together, 0: any; flags bits CHAN_WANT_TRACE, CHAN_WANT_TOKENS */
	CHAN_CHECK,
	CHAN_STREAMS,
	CHAN_READ, /* stream: an index of the engine's; num: records wanted per page, 0 any; text 0: ConfiguredAirbyteStream;
	              1: JSON array of what is committed: [{"partition": P|null, "state": S|null, "token": "..."|null,
	              "running": S|null, "done": false}, ...]. running: the state that update_state had reached at the token
	              (the first ab_seen.state of a read that goes on at the token; without a token it begins with "state").
	              flags bit CHAN_MUST_ASK: there are many, and only the one of "partition": null stands there */
	CHAN_FREE, /* slot: may be written again */
	CHAN_CANCEL, /* the read of this stream, or (CHAN_ALL) whatever runs, should end soon with AB_ECANCELLED */
	CHAN_HOLD, /* num: 1: no partition shall begin, 0: they may.  Answered by CHAN_HELD */
	CHAN_COMMITTED, /* the answer to a CHAN_ASK: stream and num as there; text 0: JSON array with an element for the
	                   first so many of the partitions, at least one: as in CHAN_READ, or null: nothing is */
	CHAN_QUIT, /* close the source and exit 0 */
	CHAN_CLOSE, /* a command: close the source, which must be the only one; behind it only CHAN_QUIT.  Of a strict
	               source a CHAN_TALLY comes before the answer */
	/* worker to engine */
	CHAN_DONE =
	    64, /* the command ended well; stream: of the read, or CHAN_ALL.  bytes and num, where they are measured:
	                   what the process has allocated, and what of it is in memory */
	CHAN_FAIL, /* stream, bytes and num, as there; status; text 0: the sentence; 1: where: "read_page of stream events, page 12" */
	CHAN_STREAM, /* text 0: one AirbyteStream */
	CHAN_PARTITION, /* a partition begins; part: how many were announced before it in this read; text 0: its JSON, ""
	                   for the only one. Those that are committed as done are passed over without a word */
	CHAN_PAGE, /* part; slot, bytes (0: no records, and the slot means nothing); num: page number in it, from 1;
	                   text 0: the next token, "" for none (flags bit CHAN_HAS_TOKEN tells "" from none); 1: state after
	                   this page, "" if the host keeps it ("null": the connector keeps it and has none yet); 2: about()
	                   JSON, "" if none */
	CHAN_PARTITION_END, /* part */
	CHAN_RESTART, /* part; AB_ESTALE: the token was refused; the partition begins again from its committed state. What this
	                   partition's interrupted read had sent since the last state is void */
	CHAN_ASK, /* stream; num: any; text 0: JSON array of partitions (null: the only one): what is committed of them? */
	CHAN_HELD,  /* num: as in CHAN_HOLD; it is in force from here on */
	CHAN_LOG,   /* stream: of the read that says it, or CHAN_ALL; status: level; text 0 */
	CHAN_TRACE, /* stream, as there; an HTTP exchange has ended: status, or 0 (no answer); num: milliseconds; bytes: of its
	                 body; slot: which attempt, from 1; text 0: method; 1: URL without secrets; 2: what broke, or "" */
	CHAN_TOKEN, /* stream, as there; a token server replaced a refresh token: text 0: the key of the config that holds the
	               spent one; 1: the new one, a secret */
	CHAN_TALLY, /* text 0: what is not as before open: {"left_open": ["12 (/tmp/x)", ...], "closed": [1, ...],
	               "threads": 0} */
	CHAN_WAIT /* stream, as there; num: until when (microseconds since 1970) the worker waits; text 0: why; text 1: the host;
	             bytes: requests that the host has answered; flags bit CHAN_LIMITED: it is a rate limit */
};

enum {
	CHAN_HAS_TOKEN = 1,
	CHAN_LIMITED = 2,
	CHAN_WANT_TRACE = 4,
	CHAN_MUST_ASK = 8,
	CHAN_WANT_TOKENS = 16
};

struct chan_msg {
	uint32_t type, flags;
	int32_t status;
	uint32_t stream, part, slot;
	uint64_t bytes;
	int64_t num;
	struct ab_str text
	    [CHAN_TEXTS]; /* received: inside the channel's buffer, NUL-terminated, until the next chan_recv */
};

struct chan {
	int fd, mem_fd;
	uint32_t lanes, slots;
	size_t slot_bytes; /* capacity of one slot */
	int send_ms; /* how long chan_send may wait for a receiver that does not read; -1: for ever */
	struct buf in; /* texts of the last message received */
	/* private */
	pthread_mutex_t send_lock;
	struct chan_msg head; /* of the message that is being put together */
	size_t missing;	      /* text bytes that have not come yet */
	int in_parts;
	char *packet; /* one packet */
};

/* What the memfd begins with: written by the engine, but for the last fields, and not believed by it again. */
struct chan_head {
	uint32_t lanes, slots;
	uint64_t slot_bytes;
	uint32_t crashed; /* the lane, from 1, that ended the process; 0: none that could say so */
	uint32_t reserved;
	char misuse[320]; /* strict.h: what was used that ended the process, as a phrase */
};

/* Where a lane is; written through a shared mapping of the memfd, in the worker only.  The engine preads it and trusts
 * no field. */
struct chan_crumb {
	uint32_t seq;	  /* odd while the fields change */
	uint32_t in_host; /* 1: inside a host service; the watchdog's clock stands still */
	int64_t
	    call_us; /* CLOCK_MONOTONIC at which the connector's function was entered, 0: none is running */
	int64_t left_us;    /* when it was left last */
	int64_t host_us;    /* time spent in host services since then */
	int64_t host_since; /* when the running service was entered */
	uint64_t page;	    /* page number in the partition, from 1; 0: none */
	char function[32];  /* "read_page"; it stays when the function returned */
	char stream[256];   /* cut */
};

/* A channel of messages; takes the descriptor. AB_ENOMEM. */
ab_status chan_init(struct chan *c, int fd, struct error *e);
void chan_fini(struct chan *c);
/* The worker's end of chan_create; takes both descriptors, where it succeeds.  AB_EBUG: they make no sense. */
ab_status chan_attach(struct chan *c, int fd, int mem_fd, struct error *e);
/* Makes the pair and the sealed memfd; *worker_fd is the worker's end, the caller's.  slot_bytes is rounded
 * up to whole pages, lanes is 1 to CHAN_MAX_LANES; every descriptor is close-on-exec.  AB_ENOMEM and so on. */
ab_status
chan_create(struct chan *c, uint32_t lanes, size_t slot_bytes, int *worker_fd, struct error *e);
/* Sends whole; may block.  AB_ECANCELLED: the other end is gone.  AB_ETRANSIENT: it did not read for send_ms,
 * and the channel must not be used any more.  Any thread. */
ab_status chan_send(struct chan *c, const struct chan_msg *m, struct error *e);
/* One message: AB_OK; CHAN_AGAIN: nothing complete there yet (only when `wait` is 0); AB_ECANCELLED: the other
 * end is gone; AB_EDATA: rubbish, after which the channel must not be used.  One receiving thread. */
#define CHAN_AGAIN 1
ab_status chan_recv(struct chan *c, struct chan_msg *m, int wait, struct error *e);
/* Page bytes into or out of a slot. offset + len must fit slot_bytes (else AB_EDATA). */
ab_status chan_slot_write(
    struct chan *c, uint32_t slot, size_t offset, const void *bytes, size_t len, struct error *e);
ab_status chan_slot_read(struct chan *c, uint32_t slot, void *bytes, size_t len, struct error *e);
/* Gives a large page's memory back to the system; the slot reads as zeroes then. */
void chan_slot_drop(struct chan *c, uint32_t slot, size_t len);
/* A copy of a lane's breadcrumb; its texts are NUL-terminated.  0, or -1 where it changed too fast to be read. */
int chan_crumb_read(const struct chan *c, uint32_t lane, struct chan_crumb *out);
/* Which lane ended the process, from 1, as far as it could say so; 0: none. */
uint32_t chan_crashed(const struct chan *c);
/* The phrase that says of what; "": nothing known. */
void chan_misuse(const struct chan *c, char *out, size_t size);
/* Where the breadcrumbs lie in the memfd, for the worker's mapping: from 0 to so many bytes, lane i's at so many. */
size_t chan_crumbs_bytes(const struct chan *c);
size_t chan_crumb_offset(uint32_t lane);
#endif
