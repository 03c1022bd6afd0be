/*
 * Core dumps in Zephyr's format (include/zephyr/debug/coredump.h), built with
 *   CONFIG_COREDUMP_MEMORY        what of the memory is written, one of the three below
 *   CONFIG_COREDUMP_ARCH_VERSION  which version of the architecture's register block
 */
#ifndef COREDUMP_COREDUMP_H
#define COREDUMP_COREDUMP_H

#include <stddef.h>
#include <stdint.h>

#include "arch/arch.h"

#define COREDUMP_MEMORY_RAM 1	  /* all of RAM that the image uses */
#define COREDUMP_MEMORY_THREADS 2 /* every thread's struct and stack, the interrupt stack */
#define COREDUMP_MEMORY_MIN 3	  /* the current thread's struct and stack, no thread list */

void coredump(unsigned int reason, const struct arch_esf *esf);

/* For the architecture: writes a block `A` of that version. */
void coredump_block(char id, uint16_t version, const void *bytes, size_t size);

/* A backend: where the bytes go. One of backend_file.c and backend_log.c is linked. */
void coredump_backend_start(void);
void coredump_backend_output(const uint8_t *bytes, size_t size);
void coredump_backend_end(void);

#endif
