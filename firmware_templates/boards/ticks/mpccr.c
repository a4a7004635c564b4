/* The performance counter of ESP32-C3's core, which counts clock cycles (ESP32-C3 Technical Reference Manual,
 * "ESP-RISC-V CPU", mpcer, mpcmr and mpccr). */
#include "ticks.h"

#include <stdint.h>

#include "board.h"

/* Control and status registers by number, for the assembler does not know their names. */
#define MPCER "0x7E0" /* what is counted */
#define MPCMR "0x7E1" /* whether it counts */
#define MPCCR "0x7E2" /* the count */

#define MPCER_CYCLES (1u << 0)
#define MPCMR_ENABLE (1u << 0)

void ticks_init(void)
{
    __asm__ volatile("csrw " MPCER ", %0" : : "r"(MPCER_CYCLES));
    __asm__ volatile("csrw " MPCMR ", %0" : : "r"(MPCMR_ENABLE));
}

uint32_t board_ticks(void)
{
    uint32_t cycles;

    __asm__ volatile("csrr %0, " MPCCR : "=r"(cycles));
    return cycles;
}
