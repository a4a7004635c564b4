/* After the steps of an input the line comes into step again, and then requests are made whose replies must be, byte
 * for byte, those of the first time: nothing that was sent before may be left in them. */
#ifndef PROBE_H
#define PROBE_H

#include <stdint.h>

/* The line comes into step. */
void probe_settle(void);

/* The requests, and what comes after them. */
void probe_ask(void);
void probe_receive(const uint8_t *bytes, uint32_t count);
void probe_expect_first_answer(void);

#endif
