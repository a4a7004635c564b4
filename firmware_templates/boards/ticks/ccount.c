/* The cycle counter of an Xtensa core (Xtensa Instruction Set Architecture Reference Manual, "Timer Interrupt
 * Option": CCOUNT). */
#include "ticks.h"

#include <stdint.h>

#include "board.h"

void ticks_init(void)
{
}

uint32_t board_ticks(void)
{
    uint32_t cycles;

    __asm__ volatile("rsr.ccount %0" : "=r"(cycles));
    return cycles;
}
