/* runpath.c - looks for its libraries in a place of its own */
#include "base.h"

BASE_CONNECTOR(.id = "zoo");
