/* textrel.c - has an address in its code that must be changed when it is loaded */
#include "base.h"

__asm__(".pushsection .text\n.quad zoo_here\n.popsection");
extern __attribute__((visibility("hidden"))) const int zoo_here;
const int zoo_here = 1;

BASE_CONNECTOR(.id = "zoo");
