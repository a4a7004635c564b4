/* UART0 of ESP32 on the pins and the APB clock the ROM left it (ESP32 Technical Reference Manual, "UART
 * Controllers"; ESP32 Series SoC Errata, CPU-3.3 and UART-3.17). */
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
#define UART_MEM_RX_STATUS (*(volatile uint32_t *)(UART_BASE + 0x60u))

/* The same FIFO on the AHB bus: bytes written in a row over the other one may get lost (CPU-3.3). */
#define UART_FIFO_AHB (*(volatile uint32_t *)0x60000000u)

#define INT_RXFIFO_FULL (1u << 0)
#define INT_ALL 0x7FFFFu

#define STATUS_RXFIFO_COUNT (0xFFu << 0)
#define STATUS_TXFIFO_COUNT_SHIFT 16
#define STATUS_TXFIFO_COUNT 0xFFu

#define MEM_RX_READ_ADDRESS_SHIFT 2
#define MEM_RX_WRITE_ADDRESS_SHIFT 13
#define MEM_RX_ADDRESS 0x7FFu

#define CONF0_8_BITS (3u << 2)
#define CONF0_ONE_STOP_BIT (1u << 4)
#define CONF0_APB_CLOCK (1u << 27)

/* Interrupt at this many received bytes. */
#define CONF1_RXFIFO_FULL_AT 1u

/* Of 128: leaves room for bytes that are on their way and not yet counted. */
#define FIFO_BYTES_USED 120u

/* 16ths of a clock cycle per bit; the register takes whole cycles in bits 0 to 19 and 16ths in bits 20 to 23. */
#define DIVISOR_16THS ((16u * UART_CLOCK_HZ + UART_BAUD / 2u) / UART_BAUD)

_Static_assert(DIVISOR_16THS >= 16u && DIVISOR_16THS >> 4 <= 0xFFFFFu, "the UART has no divisor for that baud rate");

void uart_init(void)
{
    UART_INT_ENA = 0;
    UART_CLKDIV = DIVISOR_16THS >> 4 | (DIVISOR_16THS & 15u) << 20;
    UART_CONF0 = CONF0_8_BITS | CONF0_ONE_STOP_BIT | CONF0_APB_CLOCK;
    UART_CONF1 = CONF1_RXFIFO_FULL_AT;
    UART_INT_CLR = INT_ALL;
    UART_INT_ENA = INT_RXFIFO_FULL;
}

/* The count alone is wrong at times; where the addresses agree it tells an empty FIFO from a full one (UART-3.17). */
static uint32_t holds_received_bytes(void)
{
    const uint32_t memory = UART_MEM_RX_STATUS;
    const uint32_t next_read = memory >> MEM_RX_READ_ADDRESS_SHIFT & MEM_RX_ADDRESS;
    const uint32_t next_write = memory >> MEM_RX_WRITE_ADDRESS_SHIFT & MEM_RX_ADDRESS;

    return next_read != next_write || (UART_STATUS & STATUS_RXFIFO_COUNT);
}

void uart_receive_interrupt(void)
{
    while (holds_received_bytes()) {
        ring_put((uint8_t)UART_FIFO);
    }
    UART_INT_CLR = INT_RXFIFO_FULL;
}

void board_send(const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        while ((UART_STATUS >> STATUS_TXFIFO_COUNT_SHIFT & STATUS_TXFIFO_COUNT) >= FIFO_BYTES_USED) {
        }
        UART_FIFO_AHB = bytes[i];
    }
}
