/* What surrounds the core and differs from chip to chip: clocks and watchdogs, the way interrupts reach the core, and
 * the way to start again. */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdnoreturn.h>

/* Before anything else: stops what a boot loader left running, and lets the interrupts of config.h through to the
 * core. */
void machine_init(void);

/* The other two are for cores that do not do this by themselves, as a Cortex-M does. */

/* Called when the core is interrupted, where the core alone cannot tell by what. */
void machine_handle_interrupt(void);

noreturn void machine_restart(void);

#endif
