/* no-symbol.c - exports another name */
#define ab_connector_v1 zoo_connector
#include "base.h"

BASE_CONNECTOR(.id = "zoo");
