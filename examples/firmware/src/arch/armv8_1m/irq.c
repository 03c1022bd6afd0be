/* Tick and interrupts as on an Armv7-M. */
#include "../cortex_m/irq.c"
