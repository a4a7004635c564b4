/* Samples on their way from the microphone to the engine: one producer, one consumer. */
#ifndef PCM_RING_H
#define PCM_RING_H

#include <stdbool.h>
#include <stdint.h>

/* Called by the producer. Samples that do not fit are dropped and counted. */
void pcm_ring_put(const int16_t *pcm, uint32_t count);

bool pcm_ring_is_empty(void);

/* Takes up to `count` of the oldest samples out; returns how many there were. */
uint32_t pcm_ring_take(int16_t *pcm, uint32_t count);

/* How many samples were dropped since the ring was last emptied. */
uint32_t pcm_ring_dropped(void);

/* Forgets all samples and what was dropped; to be called while nothing is produced. */
void pcm_ring_reset(void);

#endif
