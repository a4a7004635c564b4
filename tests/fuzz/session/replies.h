/* What the board sends: each reply must be a frame of a known type, length and content. */
#ifndef REPLIES_H
#define REPLIES_H

#include <stdbool.h>
#include <stdint.h>

/* A new input: nothing has been received. */
void replies_begin(void);
void replies_receive(const uint8_t *bytes, uint32_t count);

/* Whether the last reply has come to its end. */
bool replies_are_whole(void);

/* The offset in the last ACK. */
uint32_t replies_acked(void);

/* How many of each there were; tests/fuzz/test_firmware.py reads the lines. */
void replies_print(void);

#endif
