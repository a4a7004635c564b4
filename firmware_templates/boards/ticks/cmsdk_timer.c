/* Arm CMSDK APB timer (Cortex-M System Design Kit Technical Reference Manual, DDI 0479, section 4.2), counting
 * down at the peripheral clock. */
#include "ticks.h"

#include <stdint.h>

#include "board.h"
#include "config.h"

#define TIMER_CTRL (*(volatile uint32_t *)(TICKS_BASE + 0x00u))
#define TIMER_VALUE (*(volatile uint32_t *)(TICKS_BASE + 0x04u))
#define TIMER_RELOAD (*(volatile uint32_t *)(TICKS_BASE + 0x08u))

#define CTRL_ENABLE (1u << 0)
#define LONGEST_PERIOD 0xFFFFFFFFu

void ticks_init(void)
{
    TIMER_RELOAD = LONGEST_PERIOD;
    TIMER_VALUE = LONGEST_PERIOD;
    TIMER_CTRL = CTRL_ENABLE;
}

uint32_t board_ticks(void)
{
    return LONGEST_PERIOD - TIMER_VALUE;
}
