/* What a tick counter offers to the rest of the board; it also implements board_ticks. */
#ifndef TICKS_H
#define TICKS_H

void ticks_init(void);

#endif
