/* The architecture block is that of all Cortex-M. */
#include "../cortex_m/coredump.c"
