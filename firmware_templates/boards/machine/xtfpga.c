/* Tensilica's XTFPGA on a Xilinx KC705, whose UART is wired to a core interrupt (QEMU's hw/xtensa/xtfpga.c). */
#include "machine.h"

#include <stdint.h>

#include "config.h"
#include "uart.h"

#define XTFPGA_RESET (*(volatile uint32_t *)0x9D020010u)
#define XTFPGA_RESET_KEY 0xDEADu

void machine_init(void)
{
    __asm__ volatile("wsr.intenable %0" : : "r"(1u << UART_RECEIVE_IRQ));
}

void machine_handle_interrupt(void)
{
    uart_receive_interrupt();
}

noreturn void machine_restart(void)
{
    XTFPGA_RESET = XTFPGA_RESET_KEY;
    for (;;) {
    }
}
