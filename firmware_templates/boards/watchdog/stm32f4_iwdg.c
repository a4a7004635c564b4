/* Independent watchdog of an STM32F4 (RM0090, chapters 7, 21 and 38), counting down at the internal low-speed
 * oscillator: nominally 32 kHz, 17 to 47 kHz by the data sheet. It cannot be stopped but by a debugger that holds the
 * core, and says nothing before the reset. SysTick, which runs in sleep only and whose interrupt need do nothing, wakes
 * the core in time. */
#include "watchdog.h"

#include <stdint.h>

#include "board.h"
#include "config.h"

#define IWDG_KR (*(volatile uint32_t *)(WATCHDOG_BASE + 0x00u))  /* Key */
#define IWDG_PR (*(volatile uint32_t *)(WATCHDOG_BASE + 0x04u))  /* Prescaler */
#define IWDG_RLR (*(volatile uint32_t *)(WATCHDOG_BASE + 0x08u)) /* Reload */

#define KEY_RELOAD 0xAAAAu
#define KEY_UNLOCK 0x5555u
#define KEY_START 0xCCCCu

#define PRESCALER 64u
#define PR_64 4u
#define PERIODS (WATCHDOG_SECONDS * WATCHDOG_CLOCK_HZ / PRESCALER)

_Static_assert(PERIODS <= 0xFFFu, "the counter has 12 bits");

#define RCC_CSR (*(volatile uint32_t *)0x40023874u)
#define CSR_IWDG_RESET (1u << 29)
#define CSR_REMOVE_FLAGS (1u << 24)

#define DBGMCU_APB1_FZ (*(volatile uint32_t *)0xE0042008u)
#define APB1_FZ_IWDG (1u << 12)

/* SysTick (Armv7-M Architecture Reference Manual, B3.3). */
#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014u)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018u)
#define CSR_CORE_CLOCK_INTERRUPT_ENABLE 7u
#define SYSTICK_PERIOD 0xFFFFFFu /* a second at 16 MHz */

void watchdog_start(void)
{
    SYST_RVR = SYSTICK_PERIOD;
    DBGMCU_APB1_FZ = APB1_FZ_IWDG;
    IWDG_KR = KEY_START;
    IWDG_KR = KEY_UNLOCK;
    IWDG_PR = PR_64;
    IWDG_RLR = PERIODS;
}

void watchdog_pause(void)
{
    SYST_CVR = 0; /* any value clears it: a whole period begins */
    SYST_CSR = CSR_CORE_CLOCK_INTERRUPT_ENABLE;
}

void watchdog_resume(void)
{
    SYST_CSR = 0;
}

bool watchdog_has_reset(void)
{
    const uint32_t status = RCC_CSR;

    RCC_CSR = status | CSR_REMOVE_FLAGS;
    return (status & CSR_IWDG_RESET) != 0;
}

void watchdog_await_reset(void)
{
}

void board_feed_watchdog(void)
{
    IWDG_KR = KEY_RELOAD;
}
