/* min-host.c - says that it runs on hosts that never were */
#include "base.h"

BASE_CONNECTOR(.min_host = AB_VERSION(0, 9));
