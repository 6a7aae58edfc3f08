/* good.c - makes no mistake */
#include "base.h"

BASE_CONNECTOR(.update_state = base_update_state);
