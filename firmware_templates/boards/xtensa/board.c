/* An Xtensa core whose UART receives by interrupt and that sleeps while there is nothing to do. Special registers:
 * Xtensa Instruction Set Architecture Reference Manual, chapter 5. */
#include "board.h"

#include <stdnoreturn.h>

#include "fault.h"
#include "machine.h"
#include "memory_map.h"
#include "pcm_ring.h"
#include "receive_ring.h"
#include "ticks.h"
#include "uart.h"
#include "watchdog.h"

#define EXCCAUSE_LEVEL1_INTERRUPT 4u
#define PS_USER_VECTOR (1u << 5)

int main(void);
noreturn void board_start(void);
void board_exception(void);

noreturn void board_start(void)
{
    memory_prepare();
    fault_prepare();
    (void)main();
    for (;;) {
    }
}

/* A fault has no one to turn to on this board: it starts again, and tells the host when that asks. */
void board_exception(void)
{
    uint32_t cause, program_counter, address;

    __asm__ volatile("rsr.exccause %0" : "=r"(cause));
    if (cause == EXCCAUSE_LEVEL1_INTERRUPT) {
        machine_handle_interrupt();
        return;
    }
    __asm__ volatile("rsr.epc1 %0\n rsr.excvaddr %1" : "=r"(program_counter), "=r"(address));
    fault_record(RESET_XTENSA_EXCEPTION, cause, program_counter, address);
    machine_restart();
}

void watchdog_interrupt(void)
{
    uint32_t program_counter;

    __asm__ volatile("rsr.epc1 %0" : "=r"(program_counter));
    fault_record(RESET_WATCHDOG, 0, program_counter, 0);
    machine_restart();
}

void board_init(void)
{
    machine_init();
    ticks_init();
    uart_init();
    watchdog_start();
    __asm__ volatile("wsr.ps %0\n rsync" : : "r"(PS_USER_VECTOR) : "memory");
}

void board_wait(void)
{
    uint32_t unmasked;

    /* With interrupts masked, none comes between the question and the sleep, which unmasks them. */
    __asm__ volatile("rsil %0, 15" : "=r"(unmasked) : : "memory");
    if (ring_is_empty() && pcm_ring_is_empty()) {
        watchdog_pause();
        __asm__ volatile("waiti 0" ::: "memory");
        watchdog_resume();
    }
    __asm__ volatile("wsr.ps %0\n rsync" : : "r"(unmasked) : "memory");
}
