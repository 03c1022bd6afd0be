/* The same board as that of the 32-bit build. */
#include "../x86/pc.c"
