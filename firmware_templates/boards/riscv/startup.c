/* Reset and traps of a RISC-V core in machine mode (The RISC-V Instruction Set Manual, volume II, chapter 3). */
#include <stdint.h>
#include <stdnoreturn.h>

#include "machine.h"
#include "memory_map.h"

/* Top bit of mcause: an interrupt, not an exception. */
#define MCAUSE_INTERRUPT (1u << 31)

/* Low bits of mtvec: exceptions go to the table's first entry, interrupt n to entry n. */
#define MTVEC_VECTORED 1u

int main(void);
void board_reset(void);
void board_trap(void);
noreturn void board_start(void);

extern const uint32_t trap_table[];

/* The image's first instructions. There is no stack yet, so nothing a compiler writes may come before them. A boot loader
 * may have left interrupts on, whose handlers are about to be written over. */
__attribute__((naked, section(".boot"))) void board_reset(void)
{
    __asm__ volatile("csrci mstatus, 8\n" /* MIE */
                     "la sp, memory_stack_top\n"
                     "j board_start");
}

/* Vectored, for ESP32-C3 knows nothing else and wants its 32 entries at a multiple of 256 bytes (ESP32-C3 Technical
 * Reference Manual, "ESP-RISC-V CPU", mtvec). */
__asm__(".section .text.trap_table, \"ax\"\n"
        ".balign 256\n"
        ".option push\n"
        ".option norvc\n"
        "trap_table:\n"
        "    .rept 32\n"
        "    j board_trap\n"
        "    .endr\n"
        ".option pop\n");

/* A fault has no one to turn to on this board: it starts again, and the host sees that its window is gone. */
__attribute__((interrupt("machine"))) void board_trap(void)
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
    __asm__ volatile("csrw mtvec, %0" : : "r"((uintptr_t)trap_table | MTVEC_VECTORED));
    (void)main();
    for (;;) {
    }
}
