/* wire.c - see wire.h.  A thread accepts, one more serves each connection. */
#include <config.h>

#include "wire.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX (256u << 10)

struct wire {
	struct wire_step *steps; /* a copy: a test that failed is gone before its server */
	size_t count;
	int fd, stop[2];
	unsigned port, connections, requests, answers, threads;
	char *seen[WIRE_MAX];
	pthread_mutex_t lock;
	pthread_t accepting, serving[WIRE_MAX];
};

struct connection {
	struct wire *wire;
	int fd;
};

static int
wait_readable(const struct wire *w, int fd)
{
	struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = w->stop[0], .events = POLLIN}};

	return poll(p, 2, -1) > 0 && p[1].revents == 0;
}

/* So many milliseconds, or (1) until the test ends. */
static int
wait_for(const struct wire *w, int ms)
{
	struct pollfd p = {.fd = w->stop[0], .events = POLLIN};

	return poll(&p, 1, ms) > 0;
}

static size_t
body_length(const char *head)
{
	const char *at = strcasestr(head, "\r\ncontent-length:");

	return at == NULL ? 0 : strtoul(at + 17, NULL, 10);
}

/* A whole request, malloc'ed; NULL: the client or the test has gone. */
static char *
read_request(struct connection *c)
{
	char *text = calloc(1, REQUEST_MAX + 1), *end;
	size_t n = 0, want = 0;
	ssize_t got;

	while (want == 0 || n < want) {
		if (!wait_readable(c->wire, c->fd) || n == REQUEST_MAX ||
		    (got = read(c->fd, text + n, REQUEST_MAX - n)) <= 0) {
			free(text);
			return NULL;
		}
		n += (size_t)got;
		end = strstr(text, "\r\n\r\n");
		if (end != NULL)
			want = (size_t)(end + 4 - text) + body_length(text);
	}
	return text;
}

static const struct wire_step *
take_step(struct wire *w, char *request)
{
	const struct wire_step *step;

	pthread_mutex_lock(&w->lock);
	step = &w->steps[w->requests < w->count ? w->requests : w->count - 1];
	if (w->requests < WIRE_MAX)
		w->seen[w->requests] = request;
	else
		free(request);
	w->requests++;
	pthread_mutex_unlock(&w->lock);
	return step;
}

static void
send_all(int fd, const char *bytes, size_t n)
{
	ssize_t sent;

	for (; n > 0; bytes += sent, n -= (size_t)sent)
		if ((sent = send(fd, bytes, n, MSG_NOSIGNAL)) <= 0)
			return;
}

static void
send_step(int fd, const struct wire_step *s)
{
	const char *last = s->body == NULL ? s->head : s->body;
	size_t n = s->len > 0 ? s->len : strlen(last);
	char head[2048];

	if (s->body != NULL) {
		snprintf(head, sizeof(head), "HTTP/1.1 %sContent-Length: %zu\r\n\r\n", s->head, n);
		send_all(fd, head, strlen(head));
	}
	send_all(fd, last, n);
}

static void
send_later(const struct connection *c, const struct wire_step *s)
{
	unsigned before = wire_requests(c->wire);

	if (s->later == NULL)
		return;
	while (wire_requests(c->wire) == before && !wait_for(c->wire, 1))
		;
	send_all(c->fd, s->later, strlen(s->later));
}

static void *
serve(void *arg)
{
	struct connection *c = arg;
	const struct wire_step *step;
	struct linger linger = {1, 0};
	char *request;

	while ((request = read_request(c)) != NULL) {
		step = take_step(c->wire, request);
		send_step(c->fd, step);
		pthread_mutex_lock(&c->wire->lock);
		c->wire->answers++;
		pthread_mutex_unlock(&c->wire->lock);
		send_later(c, step);
		if (step->then == WIRE_HANG)
			wait_readable(c->wire, -1);
		if (step->then == WIRE_RESET)
			setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		if (step->then != WIRE_KEEP)
			break;
	}
	close(c->fd);
	free(c);
	return NULL;
}

static void *
accept_all(void *arg)
{
	struct wire *w = arg;
	struct connection *c;
	int fd;

	while (wait_readable(w, w->fd) && w->threads < WIRE_MAX) {
		fd = accept(w->fd, NULL, NULL);
		if (fd < 0)
			break;
		pthread_mutex_lock(&w->lock);
		w->connections++;
		pthread_mutex_unlock(&w->lock);
		c = malloc(sizeof(*c));
		*c = (struct connection){w, fd};
		pthread_create(&w->serving[w->threads++], NULL, serve, c);
	}
	return NULL;
}

struct wire *
wire_start(const struct wire_step *steps, size_t count)
{
	struct wire *w = calloc(1, sizeof(*w));
	struct sockaddr_in addr = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(addr);

	w->steps = malloc(count * sizeof(*steps));
	if (w->steps == NULL)
		abort();
	memcpy(w->steps, steps, count * sizeof(*steps));
	w->count = count;
	w->fd = socket(AF_INET, SOCK_STREAM, 0);
	pthread_mutex_init(&w->lock, NULL);
	if (w->fd < 0 || pipe(w->stop) != 0 ||
	    bind(w->fd, (struct sockaddr *)&addr, sizeof(addr)) != 0 || listen(w->fd, 16) != 0 ||
	    getsockname(w->fd, (struct sockaddr *)&addr, &n) != 0)
		abort();
	w->port = ntohs(addr.sin_port);
	pthread_create(&w->accepting, NULL, accept_all, w);
	return w;
}

void
wire_stop(struct wire *w)
{
	close(w->stop[1]);
	pthread_join(w->accepting, NULL);
	for (unsigned i = 0; i < w->threads; i++)
		pthread_join(w->serving[i], NULL);
	for (unsigned i = 0; i < WIRE_MAX; i++)
		free(w->seen[i]);
	close(w->fd);
	close(w->stop[0]);
	free(w->steps);
	free(w);
}

unsigned
wire_port(const struct wire *w)
{
	return w->port;
}

static unsigned
read_count(struct wire *w, const unsigned *count)
{
	unsigned n;

	pthread_mutex_lock(&w->lock);
	n = *count;
	pthread_mutex_unlock(&w->lock);
	return n;
}

unsigned
wire_connections(struct wire *w)
{
	return read_count(w, &w->connections);
}

unsigned
wire_requests(struct wire *w)
{
	return read_count(w, &w->requests);
}

void
wire_await_answers(struct wire *w, unsigned count)
{
	while (read_count(w, &w->answers) < count)
		usleep(1000);
}

const char *
wire_request(struct wire *w, unsigned n)
{
	return n < wire_requests(w) && n < WIRE_MAX ? w->seen[n] : "";
}
