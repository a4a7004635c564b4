/* Reset and traps of a RISC-V core in machine mode (The RISC-V Instruction Set Manual, volume II, chapter 3). */
#include <stdint.h>
#include <stdnoreturn.h>

#include "machine.h"
#include "memory_map.h"

/* Top bit of mcause: an interrupt, not an exception. */
#define MCAUSE_INTERRUPT (1u << 31)

int main(void);
void board_reset(void);
noreturn void board_start(void);

/* The image's first instructions. There is no stack yet, so nothing a compiler writes may come before them. */
__attribute__((naked, section(".boot"))) void board_reset(void)
{
    __asm__ volatile("la sp, memory_stack_top\n"
                     "j board_start");
}

/* A fault has no one to turn to on this board: it starts again, and the host sees that its window is gone. */
__attribute__((interrupt("machine"), aligned(4))) static void trap(void)
{
    uint32_t cause;

    __asm__ volatile("csrr %0, mcause" : "=r"(cause));
    if (!(cause & MCAUSE_INTERRUPT)) {
        machine_restart();
    }
    machine_handle_interrupt();
}

noreturn void board_start(void)
{
    memory_prepare();
    __asm__ volatile("csrw mtvec, %0" : : "r"(trap));
    (void)main();
    for (;;) {
    }
}
