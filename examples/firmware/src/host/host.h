/*
 * The host that emulates the board: it names the scenario, takes the dump and ends the run.
 * arch.mk chooses one of the files beside this one (HOST), or the architecture brings its own.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <stddef.h>

/* The command line, NUL terminated; an empty one when the host gives none. Its last word is the scenario. */
void host_command_line(char *to, size_t size);
/* The file coredump.bin, from its first byte to its last. */
void host_dump_start(void);
void host_dump_write(const void *bytes, size_t size);
void host_dump_end(void);
void host_exit(void) __attribute__((noreturn));

#endif
