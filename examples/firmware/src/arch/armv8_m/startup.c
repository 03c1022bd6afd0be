/* The vector table of the Non-secure state, which boot.c leaves the processor in. */
#include "../cortex_m/startup.c"
