/* near.c - see near.h: optimal string alignment over three rows. */
#include "data/near.h"

#include <string.h>

#define LONGEST 63

static size_t
fold(const char *word, char out[LONGEST + 1])
{
	size_t n = strlen(word);

	for (size_t i = 0; i < n && i < LONGEST; i++) {
		char c = word[i];

		out[i] = c == '-' ? '_' : c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	}
	return n;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t
distance(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t rows[3][LONGEST + 1];
	size_t *older = rows[0], *old = rows[1], *row = rows[2], *spare;

	for (size_t j = 0; j <= blen; j++)
		old[j] = j;
	for (size_t i = 1; i <= alen; i++) {
		row[0] = i;
		for (size_t j = 1; j <= blen; j++) {
			row[j] = old[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = least(row[j], least(old[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], older[j - 2] + 1);
		}
		spare = older;
		older = old;
		old = row;
		row = spare;
	}
	return old[blen];
}

int
near_word(const char *a, const char *b)
{
	char fa[LONGEST + 1], fb[LONGEST + 1];
	size_t alen = fold(a, fa), blen = fold(b, fb);
	size_t longest = alen > blen ? alen : blen;

	if (longest > LONGEST || least(alen, blen) == 0)
		return 0;
	return distance(fa, alen, fb, blen) <= (longest < 6 ? 1u : 2u);
}
