/* A 32-bit timer of the nRF51 or nRF52, counting up at 16 MHz (nRF51 Series Reference Manual 3.0, chapter 18; nRF52840
 * Product Specification 1.7, "TIMER"). The nRF51's Cortex-M0 has no SysTick. */
#include "ticks.h"

#include <stdint.h>

#include "board.h"
#include "config.h"

#define TIMER_START (*(volatile uint32_t *)(TICKS_BASE + 0x000u))
#define TIMER_CAPTURE0 (*(volatile uint32_t *)(TICKS_BASE + 0x040u))
#define TIMER_BITMODE (*(volatile uint32_t *)(TICKS_BASE + 0x508u))
#define TIMER_PRESCALER (*(volatile uint32_t *)(TICKS_BASE + 0x510u))
#define TIMER_CC0 (*(volatile uint32_t *)(TICKS_BASE + 0x540u))

#define BITMODE_32 3u

void ticks_init(void)
{
    TIMER_BITMODE = BITMODE_32;
    TIMER_PRESCALER = 0;
    TIMER_START = 1;
}

uint32_t board_ticks(void)
{
    TIMER_CAPTURE0 = 1;
    return TIMER_CC0;
}
