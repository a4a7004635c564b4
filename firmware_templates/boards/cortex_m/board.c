/* A Cortex-M whose UART receives by interrupt and that sleeps while there is nothing to do. */
#include "board.h"

#include "config.h"
#include "receive_ring.h"
#include "ticks.h"
#include "uart.h"

/* NVIC Interrupt Set-Enable Registers, one bit per interrupt (Armv7-M Architecture Reference Manual, B3.4). */
#define NVIC_ISER ((volatile uint32_t *)0xE000E100u)
#define INTERRUPTS_PER_REGISTER 32u

void board_init(void)
{
    ticks_init();
    uart_init();
    NVIC_ISER[UART_RECEIVE_IRQ / INTERRUPTS_PER_REGISTER] = 1u << (UART_RECEIVE_IRQ % INTERRUPTS_PER_REGISTER);
}

void board_wait(void)
{
    /* With interrupts masked, one that comes between the question and the sleep still ends the sleep. */
    __asm__ volatile("cpsid i" ::: "memory");
    if (ring_is_empty()) {
        __asm__ volatile("dsb\n wfi" ::: "memory");
    }
    __asm__ volatile("cpsie i\n isb" ::: "memory");
}
