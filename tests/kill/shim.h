/* shim.h - what the files of the fault-injecting library share.  Under the shim's lock, all of it. */
#ifndef KILL_SHIM_H
#define KILL_SHIM_H

#include <sys/types.h>

#define REAL(name) ((__typeof__(&name))shim_real(#name))

extern char shim_under[4096];

/* The function that this library stands before. */
void *shim_real(const char *name);

/* Files below $SHIM_UNDER (shim_disk.c): what was written since the last sync, and what was there before. */
struct shim_file;

/* A descriptor that was just opened; two of one file are one. */
void shim_watch(int fd);
void shim_unwatch(int fd);
/* NULL: not watched. */
struct shim_file *shim_file_of(int fd);
int shim_is_folder(const struct shim_file *w);
int shim_path_of(int fd, char path[4096]);
/* [at, at + len) is about to be written: keeps what the disk has there. */
void shim_keep(struct shim_file *w, off_t at, off_t len);
/* A sync has brought all to the disk, */
void shim_settle(struct shim_file *w);
/* or has failed, and what was to be written counts as written from now on: only the file's readers still see it, */
void shim_lose(struct shim_file *w);
/* until the kernel needs the memory. */
void shim_forsake(void);
/* The power goes. */
void shim_cut(unsigned *seed);

/* Names of files (shim_names.c) */
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
