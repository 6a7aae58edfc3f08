/* airbyte_out.h - Airbyte messages, one a line, on a descriptor that several threads share.
 *
 * A message never breaks another, and is written in the order in which it was sent; records of a page are written at one
 * go.  Whoever sends a message while another thread waits for the reader does not wait: that thread writes it.  So the
 * thread that hears signals hears them also while nobody reads.  Everything but records is redacted.  Thread-safe. */
#ifndef ABHOST_AIRBYTE_OUT_H
#define ABHOST_AIRBYTE_OUT_H
#include <jansson.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

#define AIRBYTE_MAX_MESSAGE ((size_t)64 << 20)

struct airbyte_out;

/* The descriptor stays the caller's.  NULL: no memory. */
struct airbyte_out *airbyte_out_new(int fd);
void airbyte_out_free(struct airbyte_out *o);
/* errno of the first write that failed, ENOMEM where there was no memory for a message; 0: all is well.  From then on
 * everything is dropped. */
int airbyte_out_failed(const struct airbyte_out *o);
/* A message that must not be missing had no memory. */
void airbyte_out_lack(struct airbyte_out *o);
/* Bytes that the kernel has taken. */
int64_t airbyte_out_written(const struct airbyte_out *o);

/* Sends {"type": type, key: value}; takes value (NULL: no memory).  What cannot be sent has
 * failed: a client that believes the exit code must have been told everything. */
void airbyte_send(struct airbyte_out *o, const char *type, const char *key, json_t *value);
/* One line as it is, without its end.  -1: there is no memory for it, and nothing of it is sent. */
int airbyte_send_line(struct airbyte_out *o, const char *text, size_t len);
/* LOG; level as log.h has it.  One that there is no memory for is left out. */
void airbyte_log(struct airbyte_out *o, int level, const char *message);
/* TRACE STREAM_STATUS: STARTED, RUNNING, COMPLETE, INCOMPLETE.  ns NULL or "": none.  limited_us: with RUNNING, until when
 * the source is kept waiting by a rate limit; 0: it is not. */
void airbyte_status(struct airbyte_out *o, const char *name, const char *ns, const char *status,
    int64_t limited_us);
/* TRACE ERROR with its failure_type; name NULL: of no stream in particular. */
void airbyte_error(struct airbyte_out *o, const char *name, const char *ns, const struct error *e);
/* TRACE ESTIMATE of a stream. */
void airbyte_estimate(struct airbyte_out *o, const char *name, const char *ns, int64_t rows);
/* CONTROL: this is the connector's configuration from now on.  Told as it is, secrets and all. */
void airbyte_control(struct airbyte_out *o, const json_t *config);
/* Airbyte's word for the class of an error. */
const char *airbyte_failure_type(ab_status status);
/* A text of any origin without secrets, as UTF-8; NULL: no memory. */
json_t *airbyte_text(const char *text);
/* {"name": name, "namespace": ns} */
json_t *airbyte_descriptor(const char *name, const char *ns);

/* Records: begin, any number of bytes that end with a line's end, end.  Between them the thread has the descriptor, and
 * sends no message. */
void airbyte_out_begin(struct airbyte_out *o);
void airbyte_out_add(struct airbyte_out *o, const char *bytes, size_t len);
/* The same, each CR and LF as a blank. */
void airbyte_out_add_line(struct airbyte_out *o, const char *bytes, size_t len);
/* All that was added has been handed to the kernel. */
void airbyte_out_end(struct airbyte_out *o);
#endif
