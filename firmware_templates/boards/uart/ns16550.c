/* UART compatible with the 16550 (Texas Instruments TL16C550C data sheet, SLLS177, section 8). */
#include "uart.h"

#include <stdint.h>

#include "board.h"
#include "config.h"
#include "receive_ring.h"

#define UART_REGISTER(index) (*(volatile uint8_t *)(UART_BASE + (index) * UART_STRIDE))

#define UART_DATA UART_REGISTER(0u)
#define UART_INTERRUPT_ENABLE UART_REGISTER(1u)
#define UART_FIFO_CONTROL UART_REGISTER(2u)
#define UART_LINE_CONTROL UART_REGISTER(3u)
#define UART_LINE_STATUS UART_REGISTER(5u)

/* In place of data and interrupt enable, while the line control's access bit is set. */
#define UART_DIVISOR_LOW UART_REGISTER(0u)
#define UART_DIVISOR_HIGH UART_REGISTER(1u)

#define INTERRUPT_RECEIVED (1u << 0)
#define FIFO_ENABLE (1u << 0)
#define FIFO_CLEAR (3u << 1)
#define LINE_8_BITS (3u << 0)
#define LINE_DIVISOR_ACCESS (1u << 7)
#define STATUS_RECEIVED (1u << 0)
#define STATUS_TRANSMIT_EMPTY (1u << 5)

#define DIVISOR (UART_CLOCK_HZ / (16u * UART_BAUD))

_Static_assert(DIVISOR >= 1u, "the UART cannot go that fast");

void uart_init(void)
{
    UART_LINE_CONTROL = LINE_8_BITS | LINE_DIVISOR_ACCESS;
    UART_DIVISOR_LOW = (uint8_t)DIVISOR;
    UART_DIVISOR_HIGH = (uint8_t)(DIVISOR >> 8);
    UART_LINE_CONTROL = LINE_8_BITS;
    UART_FIFO_CONTROL = FIFO_ENABLE | FIFO_CLEAR;
    UART_INTERRUPT_ENABLE = INTERRUPT_RECEIVED;
}

void uart_receive_interrupt(void)
{
    while (UART_LINE_STATUS & STATUS_RECEIVED) {
        ring_put(UART_DATA);
    }
}

void board_send(const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        while (!(UART_LINE_STATUS & STATUS_TRANSMIT_EMPTY)) {
        }
        UART_DATA = bytes[i];
    }
}
