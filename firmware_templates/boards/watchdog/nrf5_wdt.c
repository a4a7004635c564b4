/* Watchdog of the nRF51 or nRF52 (nRF51 Series Reference Manual 3.0 and nRF52840 Product Specification 1.7, "WDT" and
 * "POWER"). It counts down at 32768 Hz, interrupts the core two cycles before the reset, and stops while
 * the core sleeps or a debugger holds it. */
#include "watchdog.h"

#include <stdint.h>

#include "board.h"
#include "config.h"

#define WDT_START (*(volatile uint32_t *)(WATCHDOG_BASE + 0x000u))
#define WDT_INTENSET (*(volatile uint32_t *)(WATCHDOG_BASE + 0x304u))
#define WDT_CRV (*(volatile uint32_t *)(WATCHDOG_BASE + 0x504u)) /* Counter Reload Value */
#define WDT_CONFIG (*(volatile uint32_t *)(WATCHDOG_BASE + 0x50Cu))
#define WDT_RR0 (*(volatile uint32_t *)(WATCHDOG_BASE + 0x600u)) /* Reload Request, of which the first is enabled */

#define INTENSET_TIMEOUT (1u << 0)
#define CONFIG_PAUSE 0u /* in sleep and while halted */
#define RR_KEY 0x6E524635u

#define POWER_RESETREAS (*(volatile uint32_t *)0x40000400u) /* a 1 that is written clears the bit */
#define RESETREAS_DOG (1u << 1)

void watchdog_start(void)
{
    WDT_CONFIG = CONFIG_PAUSE;
    WDT_CRV = WATCHDOG_SECONDS * WATCHDOG_CLOCK_HZ - 1u;
    WDT_INTENSET = INTENSET_TIMEOUT;
    WDT_START = 1;
}

void watchdog_pause(void)
{
}

void watchdog_resume(void)
{
}

bool watchdog_has_reset(void)
{
    const uint32_t reason = POWER_RESETREAS;

    POWER_RESETREAS = RESETREAS_DOG;
    return (reason & RESETREAS_DOG) != 0;
}

void watchdog_await_reset(void)
{
    for (;;) {
    }
}

void board_feed_watchdog(void)
{
    WDT_RR0 = RR_KEY;
}
