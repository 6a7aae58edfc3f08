/* links.c - links a library of the host's */
#include "base.h"

BASE_CONNECTOR(.id = "zoo");
