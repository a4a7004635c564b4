/* What surrounds the core differs from chip to chip: its interrupt controller and the way to start again. */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdnoreturn.h>

/* Lets interrupt UART_RECEIVE_IRQ through to the core. */
void machine_init(void);

/* Called when the core is interrupted. */
void machine_handle_interrupt(void);

noreturn void machine_restart(void);

#endif
