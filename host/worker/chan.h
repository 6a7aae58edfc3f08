/* chan.h - the channel between the engine and one worker: messages and page slots.
 *
 * Control: messages on a SOCK_SEQPACKET pair.  A message has a type, a few numbers and up to CHAN_TEXTS
 * texts; one that is larger than a packet travels in parts and is put together again below a cap.
 * Pages: a memfd of CHAN_SLOTS slots, sealed against resizing before the worker starts.  The worker writes
 * a page with pwrite, says where it is (CHAN_PAGE), and may not touch the slot before the engine's CHAN_FREE.
 * The engine preads a page into its own buffer and never maps the memfd.  In front of the slots stands
 * struct chan_crumb: where the worker is now, for the watchdog and for the sentence after a crash.
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

#define CHAN_SLOTS	 2
#define CHAN_TEXTS	 4
#define CHAN_PART_BYTES	 (32u << 10) /* text bytes in one packet */
#define CHAN_MAX_TEXT	 (16u << 20) /* all texts of a message together */
#define CHAN_CRUMB_BYTES 4096u
#define CHAN_FD		 3 /* in the worker: the socket, */
#define CHAN_MEM_FD	 4 /* the memfd, */
#define CHAN_SO_FD	 5 /* and the connector's file, already checked */

enum chan_type {
	/* engine to worker.  Each command is answered by CHAN_DONE or CHAN_FAIL. */
	CHAN_OPEN =
	    1, /* text 0: config (JSON, with secrets); 1: name of the file, for messages; num: page cap, bytes */
	CHAN_CHECK,
	CHAN_STREAMS,
	CHAN_READ, /* stream: an index of the engine's; num: records wanted per page, 0 any; text 0: ConfiguredAirbyteStream;
	              1: JSON array of what is committed: [{"partition": P|null, "state": S|null, "token": "..."|null,
	              "running": S|null, "done": false}, ...]. running: the state that update_state had reached at the token
	              (the first ab_seen.state of a read that goes on at the token; without a token it begins with "state") */
	CHAN_FREE, /* slot: may be written again */
	CHAN_CANCEL, /* the running command should end soon with AB_ECANCELLED */
	CHAN_QUIT,   /* close the source and exit 0 */
	/* worker to engine */
	CHAN_DONE = 64, /* the command ended well */
	CHAN_FAIL, /* status; text 0: the sentence; 1: where: "read_page of stream events, page 12" */
	CHAN_STREAM, /* text 0: one AirbyteStream */
	CHAN_PARTITION, /* a partition begins; num: how many were announced before it in this read; text 0: its JSON, ""
	                   for the only one. Those that are committed as done are passed over without a word */
	CHAN_PAGE, /* slot, bytes (0: no records, and the slot means nothing); num: page number in this partition, from 1;
	                   text 0: the next token, "" for none (flags bit CHAN_HAS_TOKEN tells "" from none); 1: state after
	                   this page, "" if the host keeps it ("null": the connector keeps it and has none yet); 2: about()
	                   JSON, "" if none */
	CHAN_PARTITION_END, /* num: as its CHAN_PARTITION had it */
	CHAN_RESTART, /* AB_ESTALE: the token was refused; the partition begins again from its committed state. What this
	                   partition's interrupted read had sent since the last state is void */
	CHAN_LOG, /* status: level; text 0 */
	CHAN_WAIT /* num: until when (microseconds since 1970) the worker waits; text 0: why; text 1: the host */
};

enum { CHAN_HAS_TOKEN = 1 };

struct chan_msg {
	uint32_t type, flags;
	int32_t status;
	uint32_t stream, slot;
	uint64_t bytes;
	int64_t num;
	struct ab_str text
	    [CHAN_TEXTS]; /* received: inside the channel's buffer, NUL-terminated, until the next chan_recv */
};

struct chan {
	int fd, mem_fd;
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

/* Where the worker is; written through a shared mapping of the memfd's first page, in the worker only.
 * The engine preads it and trusts no field. */
struct chan_crumb {
	uint32_t seq;	  /* odd while the fields change */
	uint32_t in_host; /* 1: inside a host service; the watchdog's clock stands still */
	int64_t
	    call_us; /* CLOCK_MONOTONIC at which the connector's function was entered, 0: none is running */
	int64_t host_us;    /* time spent in host services since then */
	int64_t host_since; /* when the running service was entered */
	uint64_t page;	    /* page number in the partition, from 1; 0: none */
	char function[32];  /* "read_page"; it stays when the function returned */
	char stream[256];   /* cut */
};

/* Takes both descriptors.  mem_fd may be -1 (tests of messages). AB_ENOMEM. */
ab_status chan_init(struct chan *c, int fd, int mem_fd, size_t slot_bytes, struct error *e);
void chan_fini(struct chan *c);
/* The worker's end: like chan_init, slot_bytes from the memfd's size.  AB_EBUG where that makes no sense. */
ab_status chan_attach(struct chan *c, int fd, int mem_fd, struct error *e);
/* Makes the pair and the sealed memfd; *worker_fd is the worker's end, the caller's.  slot_bytes is rounded
 * up to whole pages; every descriptor is close-on-exec.  AB_ENOMEM and so on. */
ab_status chan_create(struct chan *c, size_t slot_bytes, int *worker_fd, struct error *e);
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
/* A copy of the breadcrumb; its texts are NUL-terminated.  0, or -1 where it changed too fast to be read. */
int chan_crumb_read(const struct chan *c, struct chan_crumb *out);
#endif
