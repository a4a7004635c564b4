/* USART1 of an STM32F4 on pins PA9 and PA10 (RM0090: USART chapter 30, GPIO chapter 8, RCC chapter 7). */
#include "uart.h"

#include <stdint.h>

#include "board.h"
#include "config.h"
#include "receive_ring.h"

#define USART_SR (*(volatile uint32_t *)(UART_BASE + 0x00u))
#define USART_DR (*(volatile uint32_t *)(UART_BASE + 0x04u))
#define USART_BRR (*(volatile uint32_t *)(UART_BASE + 0x08u))
#define USART_CR1 (*(volatile uint32_t *)(UART_BASE + 0x0Cu))

#define SR_RECEIVE_NOT_EMPTY (1u << 5)
#define SR_TRANSMIT_EMPTY (1u << 7)
#define CR1_RECEIVE_ENABLE (1u << 2)
#define CR1_TRANSMIT_ENABLE (1u << 3)
#define CR1_RECEIVE_INTERRUPT (1u << 5)
#define CR1_ENABLE (1u << 13)

#define RCC_AHB1ENR (*(volatile uint32_t *)0x40023830u)
#define RCC_APB2ENR (*(volatile uint32_t *)0x40023844u)
#define AHB1_GPIOA (1u << 0)
#define APB2_USART1 (1u << 4)

#define GPIOA_MODER (*(volatile uint32_t *)0x40020000u)
#define GPIOA_AFRH (*(volatile uint32_t *)0x40020024u)

/* Two bits a pin in MODER, four in AFRH, which begins at pin 8. */
#define MODER_PA9_PA10_ALTERNATE (2u << 18 | 2u << 20)
#define AFRH_PA9_PA10_USART1 (7u << 4 | 7u << 8)

void uart_init(void)
{
    RCC_AHB1ENR |= AHB1_GPIOA;
    RCC_APB2ENR |= APB2_USART1;
    (void)RCC_APB2ENR; /* the clocks run two cycles after they were turned on (errata sheet ES0182) */
    GPIOA_AFRH |= AFRH_PA9_PA10_USART1;
    GPIOA_MODER |= MODER_PA9_PA10_ALTERNATE;

    USART_BRR = (UART_CLOCK_HZ + UART_BAUD / 2u) / UART_BAUD;
    USART_CR1 = CR1_ENABLE | CR1_TRANSMIT_ENABLE | CR1_RECEIVE_ENABLE | CR1_RECEIVE_INTERRUPT;
}

void uart_receive_interrupt(void)
{
    /* Reading the status and then the data also clears an overrun, whose interrupt comes with this one. */
    while (USART_SR & SR_RECEIVE_NOT_EMPTY) {
        ring_put((uint8_t)USART_DR);
    }
}

void board_send(const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        while (!(USART_SR & SR_TRANSMIT_EMPTY)) {
        }
        USART_DR = bytes[i];
    }
}
