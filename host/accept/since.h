/* since.h - which host a connector's descriptions need: each key of sdk/schema has the version that brought it ("x-since").
 *
 * Pure but for the file that since_texts reads. */
#ifndef ABHOST_ACCEPT_SINCE_H
#define ABHOST_ACCEPT_SINCE_H
#include <jansson.h>
#include <stdint.h>

#include "source/sofile.h"

struct since {
	uint32_t version; /* AB_VERSION; begin with the lowest there is */
	char key
	    [120]; /* that needs it: "limits.burst"; "": none needs more than what it began with */
};

/* What a document needs by its schema; only ever raises it. */
void since_look(struct since *s, const json_t *schema, const json_t *document);
/* An AirbyteStream, by sdk/schema/stream.json. */
void since_stream(struct since *s, const json_t *stream);
/* The endpoints and request options that stand in the file as constant texts.  What is put together while it runs is not
 * seen. -1: no memory. */
int since_texts(struct since *s, const struct sofile *so);
#endif
