/* crash.c - see crash.h.  The handler must do nothing but store what is known: the process is broken. */
#include "config.h"

#include "worker/crash.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/guard.h"

static int enabled;
static struct chan_head *volatile head;
static __thread uint32_t own; /* the lane of this thread, from 1 */

static void
note(void)
{
	uint32_t none = 0;

	if (head != NULL && own != 0)
		__atomic_compare_exchange_n(
		    &head->crashed, &none, own, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* Was it memory that is not the connector's any more? */
static void
note_misuse(const void *address)
{
	const char *phrase = guard_find(address);

	for (size_t i = 0; head != NULL && phrase != NULL && i + 1 < sizeof(head->misuse); i++) {
		head->misuse[i] = phrase[i];
		if (phrase[i] == '\0')
			break;
	}
}

/* The default action is set again (SA_RESETHAND): a fault comes again as soon as this returns, and abort() raises its
 * signal once more; one that was sent is sent again. */
static void
on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	note();
	if (sig == SIGSEGV && info->si_code > 0)
		note_misuse(info->si_addr);
	if (info->si_code <= 0)
		raise(sig);
}

void
crash_enable(void)
{
	enabled = 1;
}

void
crash_watch(struct chan_head *to)
{
	static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
	struct sigaction a;

	if (!enabled)
		return;
	head = to;
	memset(&a, 0, sizeof(a));
	a.sa_sigaction = on_signal;
	a.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND;
	sigemptyset(&a.sa_mask);
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		sigaction(fatal[i], &a, NULL);
	atexit(note);
}

void *
crash_lane(uint32_t lane)
{
	long size = sysconf(_SC_SIGSTKSZ);
	stack_t stack = {.ss_size = size > SIGSTKSZ ? (size_t)size : (size_t)SIGSTKSZ};

	own = lane + 1;
	if (head == NULL)
		return NULL;
	stack.ss_sp = malloc(stack.ss_size);
	if (stack.ss_sp != NULL)
		sigaltstack(&stack, NULL);
	return stack.ss_sp;
}

void
crash_forget(void *stack)
{
	const stack_t off = {.ss_flags = SS_DISABLE};

	own = 0;
	if (stack != NULL)
		sigaltstack(&off, NULL);
	free(stack);
}
