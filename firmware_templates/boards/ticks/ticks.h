/* What a tick counter offers to the rest of the board; it also implements board_ticks. */
#ifndef TICKS_H
#define TICKS_H

void ticks_init(void);

/* The SysTick exception of a Cortex-M; only a driver that uses it has one. */
void systick_interrupt(void);

#endif
