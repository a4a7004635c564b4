/* A RISC-V core whose UART receives by interrupt and that sleeps while there is nothing to do. */
#include "board.h"

#include "machine.h"
#include "pcm_ring.h"
#include "receive_ring.h"
#include "ticks.h"
#include "uart.h"
#include "watchdog.h"

/* All interrupts (The RISC-V Instruction Set Manual, volume II, 3.1.6). */
#define MSTATUS_MIE (1u << 3)

void board_init(void)
{
    machine_init();
    ticks_init();
    uart_init();
    watchdog_start();
    __asm__ volatile("csrs mstatus, %0" : : "r"(MSTATUS_MIE) : "memory");
}

void board_wait(void)
{
    /* With interrupts masked, one that comes between the question and the sleep still ends the sleep. */
    __asm__ volatile("csrc mstatus, %0" : : "r"(MSTATUS_MIE) : "memory");
    if (ring_is_empty() && pcm_ring_is_empty()) {
        watchdog_pause();
        __asm__ volatile("wfi" ::: "memory");
        watchdog_resume();
    }
    __asm__ volatile("csrs mstatus, %0" : : "r"(MSTATUS_MIE) : "memory");
}
