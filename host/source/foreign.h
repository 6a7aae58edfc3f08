/* foreign.h - inside of a foreign source: a program that speaks Airbyte's protocol, as a kind of source.h.
 *
 * One process reads all streams that were asked for by then.  Its lines become pages, one buffer for each stream, which
 * are handed over when they are full or a moment old; where a STATE stands in a buffer, a page ends behind the last one
 * and carries it.  The process is not trusted: what it says has caps, what it does not say is no end that went well.
 * foreign.c has its life, foreign_end.c its end, foreign_read.c records and states, foreign_say.c what else it says, foreign_files.c what it
 * is told, foreign_keep.c the configuration that it changes. */
#ifndef ABHOST_FOREIGN_H
#define ABHOST_FOREIGN_H
#include "data/lines.h"
#include "source/program.h"
#include "source/source_kind.h"

#define FOREIGN_PAGE	((size_t)256 << 10) /* a buffer that is so full is handed over */
#define FOREIGN_BUFFERS ((size_t)4 << 20)   /* in all buffers together: then the fullest is */
#define FOREIGN_AGE_US	500000
#define FOREIGN_TAIL	20 /* lines of standard error that are shown after a failure */

enum foreign_job { FOREIGN_IDLE, FOREIGN_CHECK, FOREIGN_DISCOVER, FOREIGN_READ };
enum foreign_status { FOREIGN_SILENT, FOREIGN_STARTED, FOREIGN_COMPLETE, FOREIGN_INCOMPLETE };

struct foreign_stream {
	uint32_t index; /* as source_read had it */
	int is_running; /* of the process that runs; else it waits for the next one */
	int is_announced, has_part_ended, is_dropped;
	char *name, *space, *configured;
	char *committed; /* where it goes on, as source_read has it */
	uint64_t records, limit;
	int64_t pages, estimate; /* estimate below 0: none that was not told */
	enum foreign_status status;
	int is_late;	    /* it went on after its end, which was told */
	uint64_t uncounted; /* records since its last state */
	int is_miscounted;  /* by its states, which was told */
	struct error error;
	/* what was read and not handed over */
	struct buf bytes;
	struct beside_list beside;	 /* of each record in them */
	size_t covered, covered_records; /* of them are covered by */
	char *state;			 /* this state, or NULL: by none */
	int64_t since_us;
	struct ab_str part; /* of the GLOBAL state that is being taken */
	char *coming;	    /* made of it, until all streams' are */
};

struct foreign {
	struct source base;
	char who[160];
	char *path, *config, *spec, *secrets;
	size_t line_cap;
	int timeout_s;
	struct program program;
	struct lines lines;
	enum foreign_job job;
	struct foreign_stream **streams;
	size_t n, cap;
	struct foreign_stream *last;  /* the last record's */
	struct foreign_stream *given; /* whose page was handed over, and its length */
	size_t given_bytes, given_records;
	size_t buffered;
	int is_shared;	/* the process was told a GLOBAL or LEGACY state */
	int64_t number; /* of the last of them: when it came, or one more than the one before */
	int is_joint; /* the states of all streams belong together: all are handed over, or none */
	size_t joint_at; /* the next one */
	int is_opened, is_held;
	/* the process */
	int is_eof, is_ending, is_stopped, is_broken, is_enough;
	int64_t heard_us, ended_us, kill_us;
	siginfo_t info;
	int has_status;		    /* of some stream: it tells them */
	int has_word;		    /* it said something of some stream */
	int has_answer, is_refused; /* of check and discover */
	struct error error;	    /* what it said, or did, that is no single stream's */
	struct buf catalog;
	size_t catalog_at;
	/* what it prints */
	char tail[FOREIGN_TAIL][512];
	unsigned ntail, tail_at;
	char err[2048];
	size_t err_len;
	int64_t second;
	unsigned said, unsaid;
	struct buf said_text, about;
	char *strange; /* names of streams that nobody asked for, which were told */
};

/* foreign.c */
/* f->error says why nothing counts that it says from now on; it is asked to end. */
void foreign_break(struct foreign *f);

/* foreign_read.c */
struct foreign_stream *foreign_find(struct foreign *f, struct ab_str name, struct ab_str space);
/* What its buffers hold, in bytes. */
size_t foreign_held(const struct foreign_stream *s);
/* 1: *ev is an event. */
int foreign_record(struct foreign *f, const struct line *line, struct source_event *ev);
int foreign_state(struct foreign *f, const struct line *line, struct source_event *ev);
/* Hands over what is to be: pages that belong together, what is covered (all: whatever its age), what is old. */
int foreign_flush(struct foreign *f, int all, struct source_event *ev);
/* All that is left of a stream's buffer. */
int foreign_rest(struct foreign *f, struct foreign_stream *s, struct source_event *ev);
/* The page that was handed over was taken, or is not wanted. */
void foreign_taken(struct foreign *f);
void foreign_forget(struct foreign *f, struct foreign_stream *s);

/* foreign_say.c */
struct ab_str foreign_text(const char *text);
/* A LOG event. */
void foreign_log(struct foreign *f, struct source_event *ev, int level, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
int foreign_message(struct foreign *f, const struct line *line, struct source_event *ev);
int foreign_prose(struct foreign *f, const struct line *line, struct source_event *ev);
/* Takes what it printed on standard error; it is kept for the case of a failure. */
void foreign_hear(struct foreign *f);
/* The next line of it. */
int foreign_tail(struct foreign *f, struct source_event *ev);

/* foreign_files.c */
/* Starts the program for the job; a read is of all streams that wait. */
ab_status foreign_run(struct foreign *f, enum foreign_job job, struct error *e);

/* foreign_end.c */
/* The next one of the last events of a command, of all reads; at their end nothing runs any more. */
void foreign_end_command(struct foreign *f, struct source_event *ev);
void foreign_end_reads(struct foreign *f, struct source_event *ev);

/* foreign_keep.c */
/* The configuration that the program was told last, which it may have changed, in place of the given one.  NULL secrets:
 * there is no such place. */
ab_status foreign_kept(const char *secrets, const char *given, char **config, struct error *e);
/* Writes it down: it is on disk when this returns AB_OK. */
ab_status
foreign_keep(const char *secrets, const char *given, const char *changed, struct error *e);
#endif
