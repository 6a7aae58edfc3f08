/* budget.c - see budget.h. */
#include "worker/budget.h"

static unsigned
is_going(const struct budget_share *s)
{
	return s->bytes > 0 && !s->resting;
}

int
budget_may(const struct budget *b, const struct budget_share *s, size_t bytes)
{
	size_t others = b->used - s->bytes;

	if (b->memory == 0)
		return 1;
	if (b->first != NULL && b->first != s)
		return 0;
	if (others <= b->memory && bytes <= b->memory - others)
		return 1;
	return b->going == is_going(s);
}

int
budget_set(struct budget *b, struct budget_share *s, size_t bytes, int resting)
{
	unsigned going = b->going;
	size_t used = b->used;

	b->going -= is_going(s);
	b->used = b->used - s->bytes + bytes;
	s->bytes = bytes;
	s->resting = resting;
	b->going += is_going(s);
	return b->first != NULL && (b->used < used || b->going < going);
}

void
budget_enqueue(struct budget *b, struct budget_share *s)
{
	s->queued = 1;
	s->next = NULL;
	if (b->first == NULL)
		b->first = s;
	else
		b->last->next = s;
	b->last = s;
}

void
budget_dequeue(struct budget *b, struct budget_share *s)
{
	struct budget_share *before = NULL;

	if (!s->queued)
		return;
	for (struct budget_share *x = b->first; x != s; x = x->next)
		before = x;
	if (before == NULL)
		b->first = s->next;
	else
		before->next = s->next;
	if (b->last == s)
		b->last = before;
	s->queued = 0;
}

size_t
budget_expect(const struct budget *b, size_t seen)
{
	return seen > 0 ? seen : b->memory / 2;
}

/* Up at once, down slowly: one small page says little about the next one. */
size_t
budget_learn(size_t seen, size_t bytes)
{
	return bytes >= seen ? bytes : seen - (seen - bytes) / 8;
}
