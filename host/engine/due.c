/* due.c - see due.h. */
#include "engine/due.h"

int
due_is(int upserts, int64_t records, int64_t bytes, int64_t us)
{
	int64_t times = upserts && us < DUE_UPSERT ? DUE_TIMES : 1;

	return records >= DUE_RECORDS * times || bytes >= DUE_BYTES * times || us >= DUE_US;
}
