/* Arm CMSDK APB watchdog (Cortex-M System Design Kit Technical Reference Manual, DDI 0479, "APB watchdog"), counting
 * down at its clock: at 0 it interrupts the core and counts once more, at the second 0 it resets the chip. That of the
 * LM3S6965 is the same (Stellaris LM3S6965 Data Sheet, "Watchdog Timer"), but cannot be paused: its target needs a tick
 * counter whose interrupt wakes the core in time. */
#include "watchdog.h"

#include <stdint.h>

#include "board.h"
#include "config.h"

#define WATCHDOG_LOAD (*(volatile uint32_t *)(WATCHDOG_BASE + 0x00u))
#define WATCHDOG_CTRL (*(volatile uint32_t *)(WATCHDOG_BASE + 0x08u))
#define WATCHDOG_INTCLR (*(volatile uint32_t *)(WATCHDOG_BASE + 0x0Cu)) /* also counts from the start */

#define CTRL_INTERRUPT (1u << 0) /* and the counter */
#define CTRL_RESET (1u << 1)

_Static_assert(1ull * WATCHDOG_SECONDS * WATCHDOG_CLOCK_HZ <= UINT32_MAX, "the counter has 32 bits");

void watchdog_start(void)
{
    WATCHDOG_LOAD = WATCHDOG_SECONDS * WATCHDOG_CLOCK_HZ;
    watchdog_resume();
}

void watchdog_pause(void)
{
    WATCHDOG_CTRL = 0;
}

void watchdog_resume(void)
{
    board_feed_watchdog();
    WATCHDOG_CTRL = CTRL_INTERRUPT | CTRL_RESET;
}

/* No register tells: the interrupt leaves a record. */
bool watchdog_has_reset(void)
{
    return false;
}

void watchdog_await_reset(void)
{
}

void board_feed_watchdog(void)
{
    WATCHDOG_INTCLR = 1;
}
