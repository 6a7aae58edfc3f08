/* magic.c - has a magic of its own */
#include "base.h"

BASE_CONNECTOR(.magic = 7);
