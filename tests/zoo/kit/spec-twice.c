/* spec-twice.c - says one thing twice in its spec */
#include "base.h"

BASE_CONNECTOR(.spec = "{\"type\": \"object\", \"type\": \"object\"}");
