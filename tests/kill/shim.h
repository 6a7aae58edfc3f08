/* shim.h - what the two files of the fault-injecting library share.  Under the shim's lock, all of it. */
#ifndef KILL_SHIM_H
#define KILL_SHIM_H

#define REAL(name) ((__typeof__(&name))shim_real(#name))

extern char shim_under[4096];

/* The function that this library stands before. */
void *shim_real(const char *name);

enum shim_change { SHIM_MADE, SHIM_GONE, SHIM_MOVED };

/* The absolute path of a name below $SHIM_UNDER: malloc'ed, or NULL. */
char *shim_name_of(const char *path);
/* Notes what happens to a name, and keeps what it is the last name of; takes the texts. */
void shim_note_name(enum shim_change what, char *path, char *to);
/* The folder was synced: what happened to its names lasts. */
void shim_settle_names(const char *folder);
/* Undoes the latest of what has happened since. */
void shim_cut_names(unsigned *seed);
#endif
