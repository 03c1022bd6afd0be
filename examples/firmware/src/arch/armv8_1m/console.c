/* Nothing is printed, as on an Armv8-M. */
#include "../armv8_m/console.c"
