/* good-host-state.c - makes no mistake, and leaves its state to the host */
#include "base.h"

BASE_CONNECTOR(.id = "zoo");
