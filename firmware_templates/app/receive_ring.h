/* Bytes on their way from the receive interrupt to the main loop: one producer, one consumer. */
#ifndef RECEIVE_RING_H
#define RECEIVE_RING_H

#include <stdbool.h>
#include <stdint.h>

bool ring_is_empty(void);

/* How many more bytes fit. */
uint32_t ring_space(void);

/* Called by the board for every received byte. A byte that does not fit is dropped: the frame it belongs to then
 * fails its CRC. A host that keeps to the announced credit never fills the ring. */
void ring_put(uint8_t byte);

/* Takes the oldest byte out; false if there is none. */
bool ring_get(uint8_t *byte);

#endif
