/* wire.h - a server that sends exactly the bytes that a test wrote down, and keeps what it was asked.
 *
 * Each request, on whichever connection, takes the next step of the script; after the last one every request
 * gets the last step again. */
#ifndef TESTS_WIRE_H
#define TESTS_WIRE_H
#include <stddef.h>

enum wire_then {
	WIRE_KEEP,  /* the connection stays open */
	WIRE_CLOSE, /* it ends in order */
	WIRE_RESET, /* RST */
	WIRE_HANG   /* open, but silent until wire_stop */
};

struct wire_step {
	const char
	    *head; /* all that is sent, where body is NULL; else "200 OK\r\nName: value\r\n" */
	const char *body;  /* sent with its Content-Length */
	const char *later; /* sent, without a length of its own, once another request has come */
	size_t len;	   /* of the body, or of head without one; 0: a string */
	enum wire_then then;
};

#define WIRE_MAX 64

struct wire;
struct wire *wire_start(const struct wire_step *steps, size_t count);
void wire_stop(struct wire *w);
unsigned wire_port(const struct wire *w);
unsigned wire_connections(struct wire *w);
unsigned wire_requests(struct wire *w);
/* Waits until so many requests have all of their answers in the hands of the system. */
void wire_await_answers(struct wire *w, unsigned count);
/* The n-th request, head and body, NUL-terminated; "" where there was none. */
const char *wire_request(struct wire *w, unsigned n);
#endif
