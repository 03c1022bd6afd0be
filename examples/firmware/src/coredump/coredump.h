/*
 * Core dumps in Zephyr's format (include/zephyr/debug/coredump.h), built with
 *   CONFIG_COREDUMP_ARCH_VERSION  1: no r4..r11; 2: with them; 3: and the offset of callee_saved
 *   CONFIG_COREDUMP_MEMORY        what of the memory is written, one of the three below
 */
#ifndef COREDUMP_COREDUMP_H
#define COREDUMP_COREDUMP_H

#include <stddef.h>
#include <stdint.h>

#include "arch/cortex_m.h"

#define COREDUMP_MEMORY_RAM 1	  /* all of RAM that the image uses */
#define COREDUMP_MEMORY_THREADS 2 /* every thread's struct and stack, the interrupt stack */
#define COREDUMP_MEMORY_MIN 3	  /* the current thread's struct and stack, no thread list */

void coredump(unsigned int reason, const struct arch_esf *frame, const struct callee_registers *callee, uint32_t sp);

/* A backend: where the bytes go. One of backend_file.c and backend_log.c is linked. */
void coredump_backend_start(void);
void coredump_backend_output(const uint8_t *bytes, size_t size);
void coredump_backend_end(void);

#endif
