/* id.c - has an id that is no word */
#include "base.h"

BASE_CONNECTOR(.id = "My API!");
