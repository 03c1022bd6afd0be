/* The vector table and reset of an Armv7-M. */
#include "../cortex_m/startup.c"
