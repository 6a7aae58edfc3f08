/* stack.c - wants to run code on its stack */
#include "base.h"

BASE_CONNECTOR(.id = "zoo");
