/* Watchdog of a timer group of ESP32-S3 or ESP32-C3 (ESP32-S3 and ESP32-C3 Technical Reference Manuals, "Watchdog
 * Timers", "Timer Group" and "Low-power Management"). Its first stage interrupts the core, the second one resets the
 * chip a second later. */
#include "watchdog.h"

#include <stdint.h>

#include "board.h"
#include "config.h"

#define MWDT_CONFIG0 (*(volatile uint32_t *)(WATCHDOG_BASE + 0x48u))
#define MWDT_CONFIG1 (*(volatile uint32_t *)(WATCHDOG_BASE + 0x4Cu)) /* prescaler */
#define MWDT_CONFIG2 (*(volatile uint32_t *)(WATCHDOG_BASE + 0x50u)) /* length of stage 0 */
#define MWDT_CONFIG3 (*(volatile uint32_t *)(WATCHDOG_BASE + 0x54u)) /* length of stage 1 */
#define MWDT_FEED (*(volatile uint32_t *)(WATCHDOG_BASE + 0x60u))
#define MWDT_WPROTECT (*(volatile uint32_t *)(WATCHDOG_BASE + 0x64u))
#define TIMG_INT_ENA (*(volatile uint32_t *)(WATCHDOG_BASE + 0x70u))

#define WDT_KEY 0x50D83AA1u
#define CONFIG0_ENABLE (1u << 31)
#define CONFIG0_STAGE0_INTERRUPT (1u << 29)
#define CONFIG0_STAGE1_RESET_SYSTEM (3u << 27)
#define CONFIG0_UPDATE (1u << 22) /* ESP32-C3: without it a change does not reach the timer; reserved in ESP32-S3 */
#define CONFIG0_RESET_LENGTHS (7u << 18 | 7u << 15) /* 3.2 us, the longest */
#define INT_ENA_WATCHDOG (1u << 1 | 1u << 2) /* ESP32-C3, and ESP32-S3, whose second timer does not run */

#define PERIODS_PER_SECOND 1000u
#define PRESCALER (WATCHDOG_CLOCK_HZ / PERIODS_PER_SECOND)

_Static_assert(PRESCALER <= 0xFFFFu, "the prescaler has 16 bits");

#define RTC_RESET_STATE (*(volatile uint32_t *)0x60008038u)
#define RESET_STATE_CAUSE 0x3Fu /* of the first core */
#define CAUSE_TIMER_GROUP_0 7u

void watchdog_start(void)
{
    MWDT_WPROTECT = WDT_KEY; /* from here on open, for every feeding needs it */
    MWDT_CONFIG1 = PRESCALER << 16;
    MWDT_CONFIG2 = WATCHDOG_SECONDS * PERIODS_PER_SECOND;
    MWDT_CONFIG3 = PERIODS_PER_SECOND;
    TIMG_INT_ENA = INT_ENA_WATCHDOG;
    watchdog_resume();
}

void watchdog_pause(void)
{
    MWDT_CONFIG0 = CONFIG0_UPDATE;
}

void watchdog_resume(void)
{
    board_feed_watchdog();
    MWDT_CONFIG0 = CONFIG0_ENABLE | CONFIG0_STAGE0_INTERRUPT | CONFIG0_STAGE1_RESET_SYSTEM | CONFIG0_UPDATE |
                   CONFIG0_RESET_LENGTHS;
}

bool watchdog_has_reset(void)
{
    return (RTC_RESET_STATE & RESET_STATE_CAUSE) == CAUSE_TIMER_GROUP_0;
}

void watchdog_await_reset(void)
{
}

void board_feed_watchdog(void)
{
    MWDT_FEED = 1;
}
