/* null.c - cannot read */
#include "base.h"

BASE_CONNECTOR(.read_page = NULL);
