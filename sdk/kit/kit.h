/* kit.h - what the kit's files share; not installed.  Everything sees the host through abi.h only. */
#ifndef ABHOST_KIT_H
#define ABHOST_KIT_H
#include <abhost/rest.h>

/* Growing text.  `failed` stays once memory ran out, so a caller may add many pieces and look once. */
struct text {
	char *ptr; /* NUL-terminated once anything was added */
	size_t len, cap;
	int failed;
};

void text_add(struct text *t, const char *bytes, size_t n);
void text_adds(struct text *t, const char *s);
/* A JSON string of the n bytes, quotes included. */
void text_add_quoted(struct text *t, const char *s, size_t n);
void text_fini(struct text *t);

/* A string's or number's text, NUL-terminated, in *out; NULL for null or nothing.  Anything else is
 * AB_EDATA and names `what`. */
ab_status
scalar_text(struct ab_host *h, const struct ab_json *value, const char *what, const char **out);

/* The target of the first link with relation "next" in a Link header (RFC 8288): *len bytes inside
 * header, or NULL. */
const char *link_next(const char *header, size_t *len);
/* Adds to out the absolute URL that ref (len bytes) means, read in a document at the URL base. */
void link_resolve(const char *base, const char *ref, size_t len, struct text *out);
/* Same scheme, host and port? */
int link_same_origin(const char *a, const char *b);

/* Does the end of this paging hang on the number of records of a page? */
int pager_counts(const struct rest_stream *s);
/* Is the token a URL that replaces the stream's own? */
int pager_is_url(const struct rest_stream *s);
/* May an interrupted read go on with a token of an earlier run? */
int pager_is_resumable(const struct rest_stream *s);
/* Records to ask for in a page, 0: no parameter.  AB_ECONFIG where the config asks for too many. */
ab_status request_size(struct rest *r, const struct rest_stream *s, uint32_t limit, int64_t *out);
/* The URL of the first page without parameters, absolute, malloc'ed; NULL: no memory. */
char *request_url(const struct rest *r, const struct rest_stream *s);
ab_status request_no_memory(struct rest *r);
#endif
