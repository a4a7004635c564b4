/* Arm CMSDK APB UART (Cortex-M System Design Kit Technical Reference Manual, DDI 0479, section 4.3). */
#include "uart.h"

#include <stdint.h>

#include "board.h"
#include "config.h"
#include "receive_ring.h"

#define UART_DATA (*(volatile uint32_t *)(UART_BASE + 0x00u))
#define UART_STATE (*(volatile uint32_t *)(UART_BASE + 0x04u))
#define UART_CTRL (*(volatile uint32_t *)(UART_BASE + 0x08u))
#define UART_INTCLEAR (*(volatile uint32_t *)(UART_BASE + 0x0Cu))
#define UART_BAUDDIV (*(volatile uint32_t *)(UART_BASE + 0x10u))

#define STATE_TRANSMIT_FULL (1u << 0)
#define STATE_RECEIVE_FULL (1u << 1)
#define CTRL_TRANSMIT_ENABLE (1u << 0)
#define CTRL_RECEIVE_ENABLE (1u << 1)
#define CTRL_RECEIVE_INTERRUPT (1u << 3)
#define INTCLEAR_RECEIVE (1u << 1)

#define BAUDDIV_MINIMUM 16u

_Static_assert(UART_CLOCK_HZ / UART_BAUD >= BAUDDIV_MINIMUM, "the UART cannot go that fast");

void uart_init(void)
{
    UART_BAUDDIV = UART_CLOCK_HZ / UART_BAUD;
    UART_CTRL = CTRL_TRANSMIT_ENABLE | CTRL_RECEIVE_ENABLE | CTRL_RECEIVE_INTERRUPT;
}

void uart_receive_interrupt(void)
{
    UART_INTCLEAR = INTCLEAR_RECEIVE;
    while (UART_STATE & STATE_RECEIVE_FULL) {
        ring_put((uint8_t)UART_DATA);
    }
}

void board_send(const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        while (UART_STATE & STATE_TRANSMIT_FULL) {
        }
        UART_DATA = bytes[i];
    }
}
