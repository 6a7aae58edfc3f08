/* program.h - a program of somebody else's as a child: what it may see, what it prints, and its certain end.
 *
 * It gets a process group of its own, no descriptor but standard input (nothing), output and error, and of the
 * environment what programs need to run.  It dies with the thread that started it; and where this process is killed, a
 * guard (a fork that waits for that) kills the group and removes the folder of private files.  So it does with the folder
 * that the program has as TMPDIR.
 * What it must be told in secret stands in a file of that folder (0700, files 0600), never on its command line. */
#ifndef ABHOST_PROGRAM_H
#define ABHOST_PROGRAM_H
#include <signal.h>
#include <sys/types.h>

#include "base/error.h"

/* private files */
enum program_name { PROGRAM_CONFIG, PROGRAM_CATALOG, PROGRAM_STATE };
#define PROGRAM_FILES 3
#define PROGRAM_PATH  4096

struct program {
	pid_t pid;	    /* 0: none; also the process group */
	int pid_fd;	    /* readable when the process has ended */
	int out_fd, err_fd; /* do not block */
	/* private */
	pid_t guard;
	int guard_fd;
	char folder[PROGRAM_PATH];  /* "": none */
	char scratch[PROGRAM_PATH]; /* its TMPDIR; "": none */
	char *files[PROGRAM_FILES];
};

void program_init(struct program *p);
/* A private file with this text; *path is the program's until program_end.  Only before program_start. */
ab_status program_file(struct program *p, enum program_name name, const char *text,
    const char **path, struct error *e);
/* argv: NULL-terminated; argv[0] is the path of the program.  AB_ECONFIG where it cannot be run. */
ab_status program_start(struct program *p, char *const argv[], struct error *e);
/* Asks the group to end. */
void program_stop(const struct program *p);
/* At once.  It stays to be reaped. */
void program_kill(const struct program *p);
/* 1: it has ended, and *info says how; it is not reaped. */
int program_ended(const struct program *p, siginfo_t *info);
/* Kills the group, reaps, closes, removes the files.  Nothing to do is fine. */
void program_end(struct program *p);
/* A name without a slash is looked up on PATH; -1: there is none that can be run, or the path is too long. */
int program_find(const char *name, char path[PROGRAM_PATH]);
/* "exit status 2", "signal 9 (Killed)", for sentences; returns out. */
#define PROGRAM_HOW 96
const char *program_how(const siginfo_t *info, char out[PROGRAM_HOW]);
#endif
