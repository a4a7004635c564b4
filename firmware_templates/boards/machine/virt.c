/* QEMU's virt: a Platform-Level Interrupt Controller (RISC-V PLIC Specification 1.0.0, chapter 3), of which context 0
 * is the first core's machine mode, and SiFive's test finisher. Addresses from QEMU's hw/riscv/virt.c. */
#include "machine.h"

#include <stdint.h>

#include "config.h"
#include "uart.h"

#define PLIC_BASE 0x0C000000u
#define PLIC_PRIORITY ((volatile uint32_t *)PLIC_BASE)
#define PLIC_ENABLE ((volatile uint32_t *)(PLIC_BASE + 0x2000u))
#define PLIC_THRESHOLD (*(volatile uint32_t *)(PLIC_BASE + 0x200000u))
#define PLIC_CLAIM (*(volatile uint32_t *)(PLIC_BASE + 0x200004u))

#define SOURCES_PER_REGISTER 32u
#define LOWEST_PRIORITY 1u

/* Machine external interrupts (The RISC-V Instruction Set Manual, volume II, 3.1.9). */
#define MIE_EXTERNAL (1u << 11)

#define FINISHER (*(volatile uint32_t *)0x00100000u)
#define FINISHER_RESET 0x7777u

void machine_init(void)
{
    PLIC_PRIORITY[UART_RECEIVE_IRQ] = LOWEST_PRIORITY;
    PLIC_ENABLE[UART_RECEIVE_IRQ / SOURCES_PER_REGISTER] = 1u << (UART_RECEIVE_IRQ % SOURCES_PER_REGISTER);
    PLIC_THRESHOLD = 0;
    __asm__ volatile("csrs mie, %0" : : "r"(MIE_EXTERNAL));
}

void machine_handle_interrupt(void)
{
    const uint32_t source = PLIC_CLAIM;

    if (source == UART_RECEIVE_IRQ) {
        uart_receive_interrupt();
        PLIC_CLAIM = source; /* done with it */
    }
}

noreturn void machine_restart(void)
{
    FINISHER = FINISHER_RESET;
    for (;;) {
    }
}
