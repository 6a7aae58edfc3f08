/* kit.h - what the kit's files share; not installed.  Everything sees the host through abi.h only.
 *
 * Nothing here outlives a call but struct rest, and nothing is written to the table: several sources may read one
 * table at the same time. */
#ifndef ABHOST_KIT_H
#define ABHOST_KIT_H
#include <abhost/rest.h>

/* text.c */

/* Growing text.  `failed` stays once memory ran out, so a caller may add many pieces and look once. */
struct text {
	char *ptr; /* NUL-terminated once anything was added */
	size_t len, cap;
	int failed;
};

void text_add(struct text *t, const char *bytes, size_t n);
void text_adds(struct text *t, const char *s);
/* A JSON string of the n bytes, quotes included; without them: what stands between. */
void text_add_quoted(struct text *t, const char *s, size_t n);
void text_add_escaped(struct text *t, const char *s, size_t n);
/* Percent-encoded (RFC 3986): all but letters, digits and "-._~". */
void text_add_percent(struct text *t, const char *s, size_t n);
void text_fini(struct text *t);

/* A string's or number's text, NUL-terminated, in *out; NULL for null or nothing.  Anything else is
 * AB_EDATA and names `what`. */
ab_status
scalar_text(struct ab_host *h, const struct ab_json *value, const char *what, const char **out);

/* Names and values, copied: k, v, ..., NULL. */
struct pairs {
	char **list;
	size_t n, cap;
	int failed;
};

void pairs_add(struct pairs *p, const char *key, const char *value);
void pairs_fini(struct pairs *p);

/* path.c */

/* Is there a "*" in the path? */
int path_is_wild(const char *path);
/* Takes the first name off a path, without its backslashes; the rest, or NULL where it is longer than room. */
const char *path_take(const char *path, char *name, size_t room, int *is_wild);
/* Calls visit for every value at the path.  key: the member's name, where the last "*" went over an object.
 * *found is 0 where what stands before the first "*" is not there. */
typedef ab_status (*path_visit)(void *ctx, const struct ab_json *value, struct ab_str key);
ab_status path_each(struct ab_host *h, const struct ab_json *value, const char *path,
    path_visit visit, void *ctx, int *found);

/* when.c */

struct duration {
	int months;
	int64_t us;
};

/* A moment in microseconds since 1970, UTC.  format: directives as in strftime, %f microseconds, %_ms milliseconds,
 * %s, %ms, %epoch_microseconds, %s_as_float since 1970; NULL: ISO 8601.  -1: it is not that. */
int when_parse(const char *text, const char *format, int64_t *out);
void when_format(int64_t us, const char *format, struct text *out);
void when_format_iso(int64_t us, struct text *out);
/* Is every directive one that we know?  Is what it writes a number? */
int when_is_format(const char *format);
int when_is_number(const char *format);
/* An ISO 8601 duration: "P1M", "P30D", "PT0.001S".  -1: it is not. */
int duration_parse(const char *text, struct duration *out);
/* sign 1: later, -1: earlier.  Months keep the day, or end with their last one. */
int64_t when_add(int64_t us, const struct duration *d, int sign);

/* link.c */

/* The target of the first link with relation "next" in a Link header (RFC 8288): *len bytes inside
 * header, or NULL. */
const char *link_next(const char *header, size_t *len);
/* Adds to out the absolute URL that ref (len bytes) means, read in a document at the URL base. */
void link_resolve(const char *base, const char *ref, size_t len, struct text *out);
/* Same scheme, host and port? */
int link_same_origin(const char *a, const char *b);
/* Has the URL's query a parameter of this name? */
int link_has_param(const char *url, const char *name);

/* fetch.c */

/* The interval of a cursor that is asked for. */
struct span {
	int is_time;   /* it is reckoned with: start is a moment; else raw is sent as it stands */
	int has_start; /* of a moment */
	int64_t start, end, now;
	const char *raw; /* or NULL */
	int raw_is_number;
	/* where the interval is a window: */
	int has_next;
	int64_t next, until, whole; /* whole: its end, if nothing ended before it */
};

/* One page on its way. */
struct fetch {
	struct rest *rest;
	struct ab_host *h;
	const struct rest_stream *s;
	const struct ab_read *read;
	const char *token; /* the pager's own, or NULL: the first page */
	int64_t size;	   /* records asked for, 0: not said */
	struct span span;
	int walks;		  /* the windows are read one after the other, by read->token */
	int is_void;		  /* the interval is empty: there is nothing to ask */
	struct rest_lines *lines; /* the open body that the page goes on with, or NULL */
};

ab_status fetch_init(
    struct fetch *f, struct rest *r, const struct rest_stream *s, const struct ab_read *read);

/* Takes records: an array or one object. */
struct sink {
	ab_status (*take)(void *ctx, const struct ab_json *records);
	ab_status (*take_text)(
	    void *ctx, struct ab_str text); /* one record or more; NULL: views only */
	void *ctx;
};

/* Requests a page, hands its records over, and puts the token of the next one into next; empty: there is none.
 * Windows without a record are passed over.  *total: records in all, or -1. */
ab_status fetch_page(struct rest *r, const struct rest_stream *s, const struct ab_read *read,
    const struct sink *sink, struct text *next, int64_t *total);

/* span.c */

#define SPAN_START   "start_time" /* what a window's partition says, in ISO 8601 */
#define SPAN_END     "end_time"
#define SPAN_WINDOWS 500 /* in a page of partitions */

/* Fills f->span, and enters the window that read->token names. */
ab_status span_enter(struct fetch *f);
/* The read token: of the pager's token in this window; NULL: of the next window. */
void span_token(const struct fetch *f, const char *token, struct text *out);
/* A moment in a format; "": the stream's own. */
void span_write(const struct fetch *f, int64_t moment, const char *format, struct text *out);
/* The beginning; out stays empty where there is none. */
ab_status span_start(const struct fetch *f, const char *format, struct text *out, int *is_number);
/* Is this cursor value before the beginning? */
int span_is_older(const struct fetch *f, const struct ab_json *value);
/* The windows as partitions, from read->token on: a JSON array into out, empty: none. */
ab_status span_list(struct fetch *f, struct text *out, struct text *next);
/* How much before the state it begins, as the table says; or NULL. */
const char *span_lookback(const struct rest_stream *s);

/* request.c */

/* Records to ask for in a page, 0: the API's own choice.  AB_ECONFIG where the config asks for too many. */
ab_status request_size(struct rest *r, const struct rest_stream *s, uint32_t limit, int64_t *out);
/* The URL of the first page without parameters, absolute, into out. */
ab_status request_url(const struct fetch *f, struct text *out);
ab_status request_send(const struct fetch *f, const struct ab_response **out);
/* Is there nothing to be read in this answer: a status that means so, or no body? */
int request_is_empty(const struct fetch *f, const struct ab_response *resp);
ab_status request_no_memory(struct rest *r);

/* template.c */

enum template_for {
	TEMPLATE_TEXT, /* as it is */
	TEMPLATE_URL,  /* values are percent-encoded */
	TEMPLATE_JSON, /* values are JSON, or escaped inside a string */
	TEMPLATE_RAW   /* as it is; what is not known is no placeholder but text */
};

/* Adds the template, filled in, to out.  what: the member it stands in, for errors.  *missing: a placeholder had
 * no value (out then holds rubbish for TEMPLATE_TEXT).  f->s may be NULL: only the config is known. */
ab_status template_fill(const struct fetch *f, const char *what, const char *text,
    enum template_for how, struct text *out, int *missing);

/* Calls visit for each placeholder: what stands between its braces. */
typedef ab_status (*template_visit)(void *ctx, const char *name, size_t len, int is_known);
ab_status template_each(const char *text, template_visit visit, void *ctx);

/* body.c */

/* A value that is put into a JSON body. */
struct body_set {
	const char *path;
	const char *json; /* its text */
};
#define BODY_SETS 8

/* The body of the request into out, its Content-Type in *type (NULL: the host's own).  form: what goes into one
 * besides the table's fields. */
ab_status body_make(const struct fetch *f, const struct body_set *sets, size_t nsets,
    const struct pairs *form, struct text *out, const char **type);

/* records.c */

/* What was in a page; count and last only where something hangs on them. */
struct found {
	size_t count;
	const struct ab_json *last;
	int is_past;	  /* a feed has reached what is known */
	struct text more; /* the token under which the same body goes on; the caller's to free */
};

/* sink NULL: only looks.  most: bytes of a body of lines in one page; 0: all of it. */
ab_status records_each(const struct fetch *f, const struct ab_response *resp,
    const struct sink *sink, size_t most, struct found *found);

/* shape.c */

enum shape { SHAPE_DROPPED, SHAPE_SAME, SHAPE_MADE };

/* Are the records looked at one by one? */
int shape_is_needed(const struct rest_stream *s);
/* What becomes of a record: nothing; itself; or another text, added to out with a newline. */
ab_status shape_record(const struct fetch *f, const struct ab_json *record, struct ab_str key,
    struct text *out, enum shape *result, int *is_older);

/* lines.c */

#define LINES_TOKEN "lines:"

struct lines_taker {
	ab_status (*line)(void *ctx, struct ab_str line);
	ab_status (*block)(void *ctx, struct ab_str lines); /* NULL: each line alone */
	void *ctx;
};

/* Finds the open body that f->token names, and the pager's own token of its page.  AB_ESTALE: it is gone. */
ab_status lines_enter(struct fetch *f);
const struct ab_response *lines_response(const struct rest_lines *l);
/* Takes the lines of the answer, or of f->lines: all of them, or so many bytes (most); then next is the token under
 * which it goes on. */
ab_status lines_each(const struct fetch *f, const struct ab_response *resp,
    const struct lines_taker *t, size_t most, struct text *next);
/* The answer is no longer needed. */
void lines_end(const struct fetch *f, const struct ab_response *resp);
void lines_free_all(struct rest_lines *all);

/* pager.c */

/* Does the end of this paging hang on the records of a page? */
int pager_counts(const struct rest_stream *s);
/* Is the token a URL that replaces the stream's own? */
int pager_is_url(const struct rest_stream *s);
/* May an interrupted read go on with a token of an earlier run? */
int pager_is_resumable(const struct rest_stream *s);
/* The pager's token of the next page into out; empty: this was the last one.  *total: records in all, or -1. */
ab_status pager_next(const struct fetch *f, const struct ab_response *resp,
    const struct found *found, struct text *out, int64_t *total);

/* partition.c */

/* Is it read in partitions: of a parent, of lists, of windows? */
int partition_has(const struct rest_stream *s);
/* Are they windows alone, or parents that changed: slices of one axis, with one state? */
int partition_is_shared(const struct rest_stream *s);
/* The partition's names and values as members, "\"id\": 1", into out, and the table's constants behind them. */
ab_status partition_constants(const struct fetch *f, struct text *out);
void partition_free(struct rest_slices *slices);
/* What the parent's value is called: into out. */
void partition_name(const struct rest_parent *p, struct text *out);

/* A page of a stream's partitions, each with a NUL behind it. */
struct slices {
	struct text list;
	size_t n;
	struct text next; /* the token of the page behind it; empty: none */
};

void slices_fini(struct slices *s);
/* A partition of these members and one more. */
void slices_add(struct slices *out, const char *members, const char *more);
/* "\"name\": value" */
void
slices_member(struct text *out, const char *name, struct ab_host *h, const struct ab_json *value);
/* A page of the partitions of s ("" the first); child: the stream whose partitions are asked for in the end. */
ab_status slices_list(struct rest *r, const struct rest_stream *child, const struct rest_stream *s,
    const struct ab_read *read, const char *token, struct slices *out);

/* parents.c */

ab_status parents_list(struct rest *r, const struct rest_stream *child, const struct rest_stream *s,
    const struct ab_read *read, const char *token, struct slices *out);
/* A list begins anew: what an earlier one of this child has seen is old. */
void parents_forget(struct rest *r, const struct rest_stream *child);

/* spec.c */

/* May the configuration have this key, a path?  0: no; then keys has those that it may have, for a sentence.  1 also where
 * that cannot be told. */
int spec_has(struct ab_host *h, const char *path, struct text *keys);

/* table.c */

/* Does the endpoint, filled in, name keys that the configuration cannot have?  AB_EBUG. */
ab_status table_check_endpoint(struct rest *r, const char *endpoint);

/* Looks for what an author may get wrong: AB_EBUG, with stream and member. */
ab_status table_check(struct rest *r);
/* The stream of this name, or NULL. */
const struct rest_stream *table_find(const struct rest *r, const char *name);
#endif
