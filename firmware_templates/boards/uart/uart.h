/* What a UART driver offers to the rest of the board; it also implements board_send. */
#ifndef UART_H
#define UART_H

/* Sets the baud rate of config.h, 8 data bits, no parity, one stop bit, and lets the receive interrupt happen. */
void uart_init(void);

/* Interrupt UART_RECEIVE_IRQ: puts what has arrived into the receive ring. */
void uart_receive_interrupt(void);

#endif
