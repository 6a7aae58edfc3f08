/* code.c - has code that it can write to */
#include "base.h"

__asm__(".pushsection .zoo, \"awx\", @progbits\n.quad 0\n.popsection");

BASE_CONNECTOR(.id = "zoo");
