/* Arm PrimeCell UART, PL011 (Technical Reference Manual, DDI 0183, chapter 3). */
#include "uart.h"

#include <stdint.h>

#include "board.h"
#include "config.h"
#include "receive_ring.h"

#define UART_DR (*(volatile uint32_t *)(UART_BASE + 0x00u))
#define UART_FR (*(volatile uint32_t *)(UART_BASE + 0x18u))
#define UART_IBRD (*(volatile uint32_t *)(UART_BASE + 0x24u))
#define UART_FBRD (*(volatile uint32_t *)(UART_BASE + 0x28u))
#define UART_LCR_H (*(volatile uint32_t *)(UART_BASE + 0x2Cu))
#define UART_CR (*(volatile uint32_t *)(UART_BASE + 0x30u))
#define UART_IMSC (*(volatile uint32_t *)(UART_BASE + 0x38u))
#define UART_ICR (*(volatile uint32_t *)(UART_BASE + 0x44u))

#define FR_RECEIVE_EMPTY (1u << 4)
#define FR_TRANSMIT_FULL (1u << 5)
#define LCR_H_FIFOS (1u << 4)
#define LCR_H_8_BITS (3u << 5)
#define CR_ENABLE (1u << 0)
#define CR_TRANSMIT_ENABLE (1u << 8)
#define CR_RECEIVE_ENABLE (1u << 9)
#define INTERRUPT_RECEIVE (1u << 4)
#define INTERRUPT_RECEIVE_TIMEOUT (1u << 6) /* bytes wait in the FIFO below its trigger level */

/* The divisor of the 16-fold baud rate, in 64ths, rounded. */
#define DIVISOR_64THS ((8u * UART_CLOCK_HZ / UART_BAUD + 1u) / 2u)

_Static_assert(DIVISOR_64THS >= 64u, "the UART cannot go that fast");

void uart_init(void)
{
    UART_IBRD = DIVISOR_64THS / 64u;
    UART_FBRD = DIVISOR_64THS % 64u;
    UART_LCR_H = LCR_H_8_BITS | LCR_H_FIFOS; /* also takes over the divisor */
    UART_IMSC = INTERRUPT_RECEIVE | INTERRUPT_RECEIVE_TIMEOUT;
    UART_CR = CR_ENABLE | CR_TRANSMIT_ENABLE | CR_RECEIVE_ENABLE;
}

void uart_receive_interrupt(void)
{
    UART_ICR = INTERRUPT_RECEIVE | INTERRUPT_RECEIVE_TIMEOUT;
    while (!(UART_FR & FR_RECEIVE_EMPTY)) {
        ring_put((uint8_t)UART_DR);
    }
}

void board_send(const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        while (UART_FR & FR_TRANSMIT_FULL) {
        }
        UART_DR = bytes[i];
    }
}
