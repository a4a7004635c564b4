/* UART of the nRF51 and, still the same there, the nRF52 (nRF51 Series Reference Manual 3.0, chapters 14 and 29; nRF52840
 * Product Specification 1.7, "GPIO" and "UART"). Pins are counted through the ports: P1.00 is 32. */
#include "uart.h"

#include <stdint.h>

#include "board.h"
#include "config.h"
#include "receive_ring.h"

#define UART_STARTRX (*(volatile uint32_t *)(UART_BASE + 0x000u))
#define UART_STARTTX (*(volatile uint32_t *)(UART_BASE + 0x008u))
#define UART_RXDRDY (*(volatile uint32_t *)(UART_BASE + 0x108u))
#define UART_TXDRDY (*(volatile uint32_t *)(UART_BASE + 0x11Cu))
#define UART_INTENSET (*(volatile uint32_t *)(UART_BASE + 0x304u))
#define UART_ENABLE (*(volatile uint32_t *)(UART_BASE + 0x500u))
#define UART_PSELTXD (*(volatile uint32_t *)(UART_BASE + 0x50Cu))
#define UART_PSELRXD (*(volatile uint32_t *)(UART_BASE + 0x514u))
#define UART_RXD (*(volatile uint32_t *)(UART_BASE + 0x518u))
#define UART_TXD (*(volatile uint32_t *)(UART_BASE + 0x51Cu))
#define UART_BAUDRATE (*(volatile uint32_t *)(UART_BASE + 0x524u))

#define INTEN_RXDRDY (1u << 2)
#define ENABLE_ENABLED 4u

#define PINS_PER_PORT 32u
#define GPIO_PORT(pin) (0x50000000u + 0x300u * ((pin) / PINS_PER_PORT))
#define GPIO_OUTSET(pin) (*(volatile uint32_t *)(GPIO_PORT(pin) + 0x508u))
#define GPIO_DIRSET(pin) (*(volatile uint32_t *)(GPIO_PORT(pin) + 0x518u))
#define GPIO_BIT(pin) (1u << ((pin) % PINS_PER_PORT))

/* A fraction of the clock in 2^32nds, of which the UART takes the upper 20 bits. */
#define BAUD_FRACTION ((((uint64_t)UART_BAUD << 32) / UART_CLOCK_HZ + 0x800u) & 0xFFFFF000u)

void uart_init(void)
{
    GPIO_OUTSET(UART_PIN_TX) = GPIO_BIT(UART_PIN_TX); /* a line at rest is high */
    GPIO_DIRSET(UART_PIN_TX) = GPIO_BIT(UART_PIN_TX);
    UART_PSELTXD = UART_PIN_TX;
    UART_PSELRXD = UART_PIN_RX;
    UART_BAUDRATE = (uint32_t)BAUD_FRACTION;
    UART_ENABLE = ENABLE_ENABLED;
    UART_INTENSET = INTEN_RXDRDY;
    UART_STARTTX = 1;
    UART_STARTRX = 1;
}

void uart_receive_interrupt(void)
{
    /* The event comes again for each byte left in the FIFO, once the one before it has been read. */
    while (UART_RXDRDY) {
        UART_RXDRDY = 0;
        ring_put((uint8_t)UART_RXD);
    }
}

void board_send(const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        UART_TXDRDY = 0;
        UART_TXD = bytes[i];
        while (!UART_TXDRDY) {
        }
    }
}
