/* two-symbols.c - exports a variable besides its table */
#include "base.h"

extern __attribute__((visibility("default"))) const int zoo_answer;
const int zoo_answer = 42;

BASE_CONNECTOR(.id = "zoo");
