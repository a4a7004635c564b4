/* What surrounds the core and differs from chip to chip: clocks and watchdogs, the way interrupts reach the core, and
 * the way to start again. For a Cortex-M it is machine_init alone: the rest is the core's own, the same in all. */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdnoreturn.h>

/* Before anything else: stops what a boot loader left running, and lets the interrupts of config.h through to the
 * core. */
void machine_init(void);

/* Called when the core is interrupted, where the core alone cannot tell by what. */
void machine_handle_interrupt(void);

noreturn void machine_restart(void);

#endif
