/* Watchdog of the RP2040 (RP2040 Datasheet, 4.7), counting down at the tick that the machine file starts, twice at each
 * (erratum RP2040-E1). A core that a debugger holds stops it. It says nothing before the reset. */
#include "watchdog.h"

#include <stdint.h>

#include "board.h"
#include "config.h"

#define WATCHDOG_CTRL (*(volatile uint32_t *)(WATCHDOG_BASE + 0x00u))
#define WATCHDOG_LOAD (*(volatile uint32_t *)(WATCHDOG_BASE + 0x04u))
#define WATCHDOG_REASON (*(volatile uint32_t *)(WATCHDOG_BASE + 0x08u))
#define WATCHDOG_SCRATCH0 (*(volatile uint32_t *)(WATCHDOG_BASE + 0x0Cu))

#define CTRL_ENABLE (1u << 30)
#define CTRL_PAUSE_FOR_DEBUGGERS (7u << 24)
#define REASON_TIMER (1u << 0)
#define DECREMENTS_PER_TICK 2u

/* The boot ROM restarts the chip by the watchdog, too, and a reset of the core alone leaves the reason as it was. The
 * first four scratch registers are the program's; a reset of the chip clears them. */
#define STARTED_HERE 0x57A27ED0u

/* Power-on state machine (2.13.5): what a watchdog's reset resets, everything but the oscillators. */
#define PSM_WDSEL (*(volatile uint32_t *)0x40010008u)
#define WDSEL_ALL_BUT_OSCILLATORS 0x1FFFCu

#define COUNT (WATCHDOG_SECONDS * WATCHDOG_CLOCK_HZ * DECREMENTS_PER_TICK)

_Static_assert(COUNT <= 0xFFFFFFu, "the counter has 24 bits");

void watchdog_start(void)
{
    PSM_WDSEL = WDSEL_ALL_BUT_OSCILLATORS;
    WATCHDOG_SCRATCH0 = STARTED_HERE;
    watchdog_resume();
}

void watchdog_pause(void)
{
    WATCHDOG_CTRL = 0;
}

void watchdog_resume(void)
{
    board_feed_watchdog();
    WATCHDOG_CTRL = CTRL_ENABLE | CTRL_PAUSE_FOR_DEBUGGERS;
}

bool watchdog_has_reset(void)
{
    const bool started_here = WATCHDOG_SCRATCH0 == STARTED_HERE;

    WATCHDOG_SCRATCH0 = 0;
    return started_here && (WATCHDOG_REASON & REASON_TIMER) != 0;
}

void watchdog_await_reset(void)
{
}

void board_feed_watchdog(void)
{
    WATCHDOG_LOAD = COUNT;
}
