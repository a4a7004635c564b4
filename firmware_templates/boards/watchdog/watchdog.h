/* What a watchdog driver offers to the rest of the board; it also implements board_feed_watchdog. */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include <stdbool.h>

/* From here on it restarts the chip if it is not fed for WATCHDOG_SECONDS (config.h). */
void watchdog_start(void);

/* Around the sleep of the core, for which nobody feeds it. A watchdog that stops with the core, or that sees to it that
 * the core wakes in time, does nothing. */
void watchdog_pause(void);
void watchdog_resume(void);

/* Whether the chip says that its watchdog has ended the run before; it says so once. */
bool watchdog_has_reset(void);

/* Interrupt WATCHDOG_IRQ, or NMI: it is about to restart the chip. The core's start-up file records where the program
 * was, and restarts the chip itself. */
void watchdog_interrupt(void);

/* After the record: does not return where the chip's reset is a matter of microseconds, for a second one would have
 * the record forgotten. */
void watchdog_await_reset(void);

#endif
