/* The RISC-V counter of retired instructions (The RISC-V Instruction Set Manual, volume II, 3.1.10). */
#include "ticks.h"

#include <stdint.h>

#include "board.h"

void ticks_init(void)
{
}

uint32_t board_ticks(void)
{
    uint32_t instructions;

    __asm__ volatile("csrr %0, minstret" : "=r"(instructions));
    return instructions;
}
