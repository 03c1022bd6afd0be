/* Faults as on an Armv7-M, whose exception frames may hold floating point registers too. */
#include "../cortex_m/fault.c"
