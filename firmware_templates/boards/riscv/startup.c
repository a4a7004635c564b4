/* Reset and traps of a RISC-V core in machine mode (The RISC-V Instruction Set Manual, volume II, chapter 3). */
#include <stdint.h>
#include <stdnoreturn.h>

#include "fault.h"
#include "machine.h"
#include "memory_map.h"
#include "watchdog.h"

/* Low bits of mtvec: exceptions go to the table's first entry, interrupt n to entry n. */
#define MTVEC_VECTORED 1u

/* Physical Memory Protection (3.7.1): entry 0 takes all rights from 32 bytes, machine mode's too. */
#define PMP_LOCKED_NAPOT_NO_RIGHTS 0x98u
#define PMP_ADDRESS(start) ((uint32_t)(start) >> 2)
#define PMP_32_BYTES 3u

int main(void);
void board_reset(void);
void board_trap(void);
void board_exception(void);
noreturn void board_fault(uint32_t stack_pointer);
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
        "    j board_exception\n"
        "    .rept 31\n"
        "    j board_trap\n"
        "    .endr\n"
        ".option pop\n");

__attribute__((interrupt("machine"))) void board_trap(void)
{
    machine_handle_interrupt();
}

/* The stack may be what is at fault. */
__attribute__((naked)) void board_exception(void)
{
    __asm__ volatile("mv a0, sp\n"
                     "la sp, memory_stack_top\n"
                     "j board_fault");
}

/* A fault has no one to turn to on this board: it starts again, and tells the host when that asks. */
noreturn void board_fault(uint32_t stack_pointer)
{
    uint32_t cause, program_counter, address;

    __asm__ volatile("csrr %0, mcause\n csrr %1, mepc\n csrr %2, mtval"
                     : "=r"(cause), "=r"(program_counter), "=r"(address));
    if (stack_pointer < (uintptr_t)memory_stack_bottom) {
        fault_record(RESET_STACK_OVERFLOW, cause, program_counter, stack_pointer);
    } else {
        fault_record(RESET_RISCV_TRAP, cause, program_counter, address);
    }
    machine_restart();
}

void watchdog_interrupt(void)
{
    uint32_t program_counter;

    __asm__ volatile("csrr %0, mepc" : "=r"(program_counter));
    fault_record(RESET_WATCHDOG, 0, program_counter, 0);
    machine_restart();
}

static void guard_stack(void)
{
    __asm__ volatile("csrw pmpaddr0, %0\n csrw pmpcfg0, %1"
                     :
                     : "r"(PMP_ADDRESS(memory_guard) | PMP_32_BYTES), "r"(PMP_LOCKED_NAPOT_NO_RIGHTS));
}

noreturn void board_start(void)
{
    guard_stack();
    memory_prepare();
    fault_prepare();
    __asm__ volatile("csrw mtvec, %0" : : "r"((uintptr_t)trap_table | MTVEC_VECTORED));
    (void)main();
    for (;;) {
    }
}
