/* System timestamp counter of Arm's Corstone subsystems, control frame (SSE-300 Technical Reference Manual, 101773,
 * "System timestamp counter"), 64 bits counting up, of which the lower half is used. */
#include "ticks.h"

#include <stdint.h>

#include "board.h"
#include "config.h"

#define COUNTER_CNTCR (*(volatile uint32_t *)(TICKS_BASE + 0x00u))
#define COUNTER_CNTCV_LOW (*(volatile uint32_t *)(TICKS_BASE + 0x08u))

#define CNTCR_ENABLE (1u << 0)

void ticks_init(void)
{
    COUNTER_CNTCR = CNTCR_ENABLE;
}

uint32_t board_ticks(void)
{
    return COUNTER_CNTCV_LOW;
}
