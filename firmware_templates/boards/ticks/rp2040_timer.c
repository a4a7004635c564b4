/* Timer of the RP2040: microseconds since its reset, 64 bits of which the lower half is used (RP2040 Datasheet, 4.6). */
#include "ticks.h"

#include <stdint.h>

#include "board.h"
#include "config.h"

#define TIMER_RAW_LOW (*(volatile uint32_t *)(TICKS_BASE + 0x28u))

void ticks_init(void)
{
}

uint32_t board_ticks(void)
{
    return TIMER_RAW_LOW;
}
