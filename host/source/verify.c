/* verify.c - see verify.h. */
#include "source/verify.h"

#include <string.h>

#include "base/utf8.h"

ab_status
verify_command(struct verify *v, uint32_t command, uint32_t stream, struct error *e)
{
	if (v->command != 0)
		return error_set(e, AB_EBUG, "the source is busy with another command");
	v->command = command;
	v->stream = stream;
	v->in_partition = 0;
	v->partitions = v->pages = 0;
	return AB_OK;
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
	if (!v->in_partition || m->stream != v->stream)
		return "a page of nothing that is being read";
	if (m->num != v->pages + 1)
		return "a page out of order";
	if (m->bytes > v->page_cap)
		return "a page above the cap";
	if (m->bytes > 0 && (m->slot >= CHAN_SLOTS || v->held[m->slot]))
		return "a page in a slot that is not the worker's";
	if (m->text[0].len > 0 && !(m->flags & CHAN_HAS_TOKEN))
		return "a page token that is none";
	v->pages++;
	if (m->bytes > 0) {
		v->held[m->slot] = 1;
		v->held_bytes[m->slot] = m->bytes;
	}
	return NULL;
}

static const char *
check_partition(struct verify *v, const struct chan_msg *m)
{
	int begin = m->type == CHAN_PARTITION;

	if (v->command != CHAN_READ || m->stream != v->stream || v->in_partition == begin ||
	    m->num != v->partitions)
		return "a partition out of order";
	v->in_partition = begin;
	v->pages = v->restarted = 0;
	v->partitions += !begin;
	return NULL;
}

static const char *
check_restart(struct verify *v, const struct chan_msg *m)
{
	if (!v->in_partition || m->stream != v->stream || v->pages > 0 || v->restarted)
		return "a restart out of order";
	v->restarted = 1;
	return NULL;
}

static const char *
check_end(struct verify *v, const struct chan_msg *m)
{
	if (v->command == 0)
		return "an answer to nothing";
	if (m->type == CHAN_DONE && v->in_partition)
		return "an end inside a partition";
	if (m->type == CHAN_FAIL && (m->status >= AB_OK || m->status < AB_ESTALE))
		return "a failure without a status";
	v->command = 0;
	v->in_partition = 0;
	return NULL;
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
	case CHAN_PARTITION_END:
		return check_partition(v, m);
	case CHAN_PAGE:
		return check_page(v, m);
	case CHAN_RESTART:
		return check_restart(v, m);
	case CHAN_LOG:
		return m->status >= AB_DEBUG && m->status <= AB_ERROR ? NULL : "a log level";
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
