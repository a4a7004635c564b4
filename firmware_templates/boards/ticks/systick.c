/* SysTick, which every Cortex-M may have, counting down at the core's clock (Armv7-M Architecture Reference Manual,
 * B3.3). It has 24 bits; its interrupt, a dozen instructions in 2^24 ticks, counts the rest. */
#include "ticks.h"

#include <stdint.h>

#include "board.h"
#include "config.h"

#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014u)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018u)

#define CSR_ENABLE (1u << 0)
#define CSR_INTERRUPT (1u << 1)
#define CSR_CORE_CLOCK (1u << 2)

#define COUNTER_BITS 24
#define COUNTER_LAST ((1u << COUNTER_BITS) - 1u)

static volatile uint32_t periods;

void ticks_init(void)
{
    SYST_RVR = COUNTER_LAST;
    SYST_CVR = 0; /* any value clears it; the next tick starts a period */
    SYST_CSR = CSR_CORE_CLOCK | CSR_INTERRUPT | CSR_ENABLE;
}

void systick_interrupt(void)
{
    periods++;
}

uint32_t board_ticks(void)
{
    uint32_t before;
    uint32_t left;

    /* Again if a period ended in between. */
    do {
        before = periods;
        left = SYST_CVR;
    } while (periods != before);
    return before << COUNTER_BITS | (COUNTER_LAST - left);
}
