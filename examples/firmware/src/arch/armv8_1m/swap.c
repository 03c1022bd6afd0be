/* As on an Armv7-M, with the limit of a stack in PSPLIM. */
#include "../cortex_m/swap.c"
