/* As on an Armv7-M: where a thread's stack may not grow beyond is set with its MPU guard there, in PSPLIM here. */
#include "../cortex_m/swap.c"
