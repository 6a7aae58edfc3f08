/* nocore.h - for a process that holds secrets. */
#ifndef ABHOST_NOCORE_H
#define ABHOST_NOCORE_H

/* From here on this process leaves no core file, and nobody but root may look into its memory.  Under
 * AddressSanitizer only the first: its leak check looks.  0, or -1 and errno. */
int nocore_set(void);
#endif
