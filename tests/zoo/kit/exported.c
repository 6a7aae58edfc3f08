/* exported.c - shows a function that is nobody else's */
#include "base.h"

__attribute__((visibility("default"))) int zoo_add(int a, int b);

int
zoo_add(int a, int b)
{
	return a + b;
}

BASE_CONNECTOR(.id = "zoo");
