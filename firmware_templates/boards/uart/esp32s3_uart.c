/* UART0 of ESP32-S3 and ESP32-C3 on the pins the ROM left it (Technical Reference Manual of either chip, "UART
 * Controller"). It runs from the crystal, so the core's clock does not matter. */
#include "uart.h"

#include <stdint.h>

#include "board.h"
#include "config.h"
#include "receive_ring.h"

#define UART_FIFO (*(volatile uint32_t *)(UART_BASE + 0x00u))
#define UART_INT_ENA (*(volatile uint32_t *)(UART_BASE + 0x0Cu))
#define UART_INT_CLR (*(volatile uint32_t *)(UART_BASE + 0x10u))
#define UART_CLKDIV (*(volatile uint32_t *)(UART_BASE + 0x14u))
#define UART_STATUS (*(volatile uint32_t *)(UART_BASE + 0x1Cu))
#define UART_CONF0 (*(volatile uint32_t *)(UART_BASE + 0x20u))
#define UART_CONF1 (*(volatile uint32_t *)(UART_BASE + 0x24u))
#define UART_CLK_CONF (*(volatile uint32_t *)(UART_BASE + 0x78u))

#define INT_RXFIFO_FULL (1u << 0)
#define INT_ALL 0xFFFFFu

#define STATUS_RXFIFO_COUNT (0x3FFu << 0)
#define STATUS_TXFIFO_COUNT_SHIFT 16
#define STATUS_TXFIFO_COUNT 0x3FFu

#define CONF0_8_BITS (3u << 2)
#define CONF0_ONE_STOP_BIT (1u << 4)
#define CONF0_MEMORY_CLOCK (1u << 28)

/* Interrupt at this many received bytes. */
#define CONF1_RXFIFO_FULL_AT 1u

/* The crystal, divided by 1, clocks transmitter and receiver. */
#define CLK_CONF_CRYSTAL (3u << 20)
#define CLK_CONF_ENABLE (1u << 22 | 1u << 24 | 1u << 25)

/* Of 128: leaves room for bytes that are on their way and not yet counted. */
#define FIFO_BYTES_USED 120u

/* 16ths of a clock cycle per bit; the register takes whole cycles in bits 0 to 11 and 16ths in bits 20 to 23. */
#define DIVISOR_16THS ((16u * UART_CLOCK_HZ + UART_BAUD / 2u) / UART_BAUD)

_Static_assert(DIVISOR_16THS >= 16u && DIVISOR_16THS >> 4 <= 0xFFFu, "the UART has no divisor for that baud rate");

void uart_init(void)
{
    UART_INT_ENA = 0;
    UART_CLK_CONF = CLK_CONF_CRYSTAL | CLK_CONF_ENABLE;
    UART_CLKDIV = DIVISOR_16THS >> 4 | (DIVISOR_16THS & 15u) << 20;
    UART_CONF0 = CONF0_8_BITS | CONF0_ONE_STOP_BIT | CONF0_MEMORY_CLOCK;
    UART_CONF1 = CONF1_RXFIFO_FULL_AT;
    UART_INT_CLR = INT_ALL;
    UART_INT_ENA = INT_RXFIFO_FULL;
}

void uart_receive_interrupt(void)
{
    while (UART_STATUS & STATUS_RXFIFO_COUNT) {
        ring_put((uint8_t)UART_FIFO);
    }
    UART_INT_CLR = INT_RXFIFO_FULL;
}

void board_send(const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        while ((UART_STATUS >> STATUS_TXFIFO_COUNT_SHIFT & STATUS_TXFIFO_COUNT) >= FIFO_BYTES_USED) {
        }
        UART_FIFO = bytes[i];
    }
}
