/* verify.c - see verify.h. */
#include "source/verify.h"

#include <string.h>

#include "base/utf8.h"

void
verify_init(struct verify *v, const struct chan *c, size_t page_cap)
{
	*v = (struct verify){.page_cap = page_cap, .lanes = c->lanes, .slots = c->slots};
}

static struct verify_read *
find_read(struct verify *v, uint32_t stream)
{
	for (uint32_t i = 0; i < v->nreads; i++)
		if (v->reads[i].stream == stream)
			return &v->reads[i];
	return NULL;
}

static struct verify_part *
find_part(struct verify *v, const struct chan_msg *m)
{
	for (uint32_t i = 0; i < v->nparts; i++)
		if (v->parts[i].stream == m->stream && v->parts[i].part == m->part)
			return &v->parts[i];
	return NULL;
}

static void
end_read(struct verify *v, struct verify_read *r)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < v->nparts; i++)
		if (v->parts[i].stream != r->stream)
			v->parts[kept++] = v->parts[i];
	v->nparts = kept;
	*r = v->reads[--v->nreads];
}

static ab_status
begin_read(struct verify *v, uint32_t stream, struct error *e)
{
	if (find_read(v, stream) != NULL)
		return error_set(e, AB_EBUG, "the source is reading this stream already");
	if (v->nreads == VERIFY_MAX_READS)
		return error_set(e, AB_EBUG, "the source reads %u streams already", v->nreads);
	v->reads[v->nreads++] = (struct verify_read){.stream = stream};
	return AB_OK;
}

ab_status
verify_command(struct verify *v, uint32_t command, uint32_t stream, struct error *e)
{
	if (v->command != 0 || (command != CHAN_READ && v->nreads > 0))
		return error_set(e, AB_EBUG, "the source is busy with another command");
	if (command == CHAN_READ)
		return begin_read(v, stream, e);
	v->command = command;
	return AB_OK;
}

void
verify_forget(struct verify *v, uint32_t command, uint32_t stream)
{
	struct verify_read *r = command == CHAN_READ ? find_read(v, stream) : NULL;

	if (r != NULL)
		end_read(v, r);
	else
		v->command = 0;
}

void
verify_hold(struct verify *v, int on)
{
	v->holds++;
	v->hold = on;
	v->held = 0;
}

int
verify_busy(const struct verify *v)
{
	return v->command != 0 || v->nreads > 0 || v->holds > 0;
}

int
verify_reads(const struct verify *v, uint32_t stream)
{
	for (uint32_t i = 0; i < v->nreads; i++)
		if (v->reads[i].stream == stream)
			return 1;
	return 0;
}

static const char *
check_texts(const struct chan_msg *m)
{
	for (int i = 0; i < CHAN_TEXTS; i++)
		if (memchr(m->text[i].ptr, '\0', m->text[i].len) != NULL ||
		    !utf8_valid(m->text[i].ptr, m->text[i].len))
			return "a text that is not UTF-8";
	return NULL;
}

static const char *
check_page(struct verify *v, const struct chan_msg *m)
{
	struct verify_part *p = find_part(v, m);

	if (p == NULL)
		return "a page of nothing that is being read";
	if (m->num != p->pages + 1)
		return "a page out of order";
	if (m->bytes > v->page_cap)
		return "a page above the cap";
	if (m->bytes > 0 && (m->slot >= v->slots || v->slot[m->slot].held))
		return "a page in a slot that is not the worker's";
	if (m->text[0].len > 0 && !(m->flags & CHAN_HAS_TOKEN))
		return "a page token that is none";
	p->pages++;
	if (m->bytes > 0) {
		v->slot[m->slot].held = 1;
		v->slot[m->slot].bytes = m->bytes;
	}
	return NULL;
}

static const char *
check_partition(struct verify *v, const struct chan_msg *m)
{
	struct verify_read *r = find_read(v, m->stream);

	if (r == NULL || m->part != r->begun)
		return "a partition out of order";
	if (r->open > v->lanes) /* one more: see sched.h, where a lane has two */
		return "more partitions at once than there are lanes";
	if (v->held)
		return "a partition that begins while they are held";
	if (r->begun == UINT32_MAX - 1)
		return "too many partitions";
	r->begun++;
	r->open++;
	v->parts[v->nparts++] = (struct verify_part){.stream = m->stream, .part = m->part};
	return NULL;
}

static const char *
check_partition_end(struct verify *v, const struct chan_msg *m)
{
	struct verify_part *p = find_part(v, m);

	if (p == NULL)
		return "the end of a partition that is not being read";
	find_read(v, m->stream)->open--;
	*p = v->parts[--v->nparts];
	return NULL;
}

static const char *
check_restart(struct verify *v, const struct chan_msg *m)
{
	struct verify_part *p = find_part(v, m);

	if (p == NULL || p->pages > 0 || p->restarted)
		return "a restart out of order";
	p->restarted = 1;
	return NULL;
}

static const char *
check_read_end(struct verify *v, const struct chan_msg *m)
{
	struct verify_read *r = find_read(v, m->stream);

	if (r == NULL)
		return "an answer to nothing";
	if (m->type == CHAN_DONE && r->open > 0)
		return "an end inside a partition";
	end_read(v, r);
	return NULL;
}

static const char *
check_end(struct verify *v, const struct chan_msg *m)
{
	if (m->type == CHAN_FAIL && (m->status >= AB_OK || m->status < AB_ESTALE))
		return "a failure without a status";
	if (m->stream != CHAN_ALL)
		return check_read_end(v, m);
	if (v->command == 0)
		return "an answer to nothing";
	v->command = 0;
	return NULL;
}

static const char *
check_held(struct verify *v, const struct chan_msg *m)
{
	if (v->holds == 0 || (m->num != 0 && m->num != 1))
		return "an answer to nothing";
	/* An answer but the last one is behind the times. */
	if (--v->holds > 0)
		return NULL;
	v->held = (int)m->num;
	return v->held == v->hold ? NULL : "an answer to something else";
}

static const char *
check_type(struct verify *v, const struct chan_msg *m)
{
	switch (m->type) {
	case CHAN_DONE:
	case CHAN_FAIL:
		return check_end(v, m);
	case CHAN_STREAM:
		return v->command == CHAN_STREAMS ? NULL : "a stream that nobody asked for";
	case CHAN_PARTITION:
		return check_partition(v, m);
	case CHAN_PARTITION_END:
		return check_partition_end(v, m);
	case CHAN_PAGE:
		return check_page(v, m);
	case CHAN_RESTART:
		return check_restart(v, m);
	case CHAN_ASK:
		return find_read(v, m->stream) != NULL ? NULL
						       : "a question of nothing that is being read";
	case CHAN_HELD:
		return check_held(v, m);
	case CHAN_LOG:
		return m->status >= AB_DEBUG && m->status <= AB_ERROR ? NULL : "a log level";
	case CHAN_TRACE:
		return m->status >= 0 && m->status <= 999 && m->num >= 0 ? NULL
									 : "a trace of nothing";
	case CHAN_TOKEN:
		return m->text[0].len > 0 && m->text[1].len > 0 ? NULL : "a token without a place";
	case CHAN_TALLY:
		return v->command == CHAN_CLOSE ? NULL : "a tally that nobody asked for";
	case CHAN_WAIT:
		return NULL;
	default:
		return "a message of an unknown type";
	}
}

ab_status
verify_message(struct verify *v, const struct chan_msg *m, struct error *e)
{
	const char *wrong = check_texts(m);

	if (wrong == NULL)
		wrong = check_type(v, m);
	return wrong == NULL ? AB_OK : error_set(e, AB_EDATA, "rubbish on the channel: %s", wrong);
}
