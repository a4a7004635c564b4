#include "pcm_ring.h"

#include "config.h"

_Static_assert((MICROPHONE_RING_SAMPLES & (MICROPHONE_RING_SAMPLES - 1u)) == 0, "the ring's size must be a power of two");

/* The counters run freely and wrap together, so `written - read` is always the number of samples held. Each side
 * writes only its own counter; `volatile` keeps the accesses to data and counters in order. */
static volatile int16_t samples[MICROPHONE_RING_SAMPLES];
static volatile uint32_t written;
static volatile uint32_t read;
static volatile uint32_t dropped;

void pcm_ring_put(const int16_t *pcm, uint32_t count)
{
    const uint32_t position = written;
    const uint32_t space = MICROPHONE_RING_SAMPLES - (position - read);
    const uint32_t fitting = count < space ? count : space;

    for (uint32_t i = 0; i < fitting; i++) {
        samples[(position + i) % MICROPHONE_RING_SAMPLES] = pcm[i];
    }
    written = position + fitting;
    dropped += count - fitting;
}

bool pcm_ring_is_empty(void)
{
    return written == read;
}

uint32_t pcm_ring_take(int16_t *pcm, uint32_t count)
{
    const uint32_t position = read;
    const uint32_t held = written - position;
    const uint32_t taken = count < held ? count : held;

    for (uint32_t i = 0; i < taken; i++) {
        pcm[i] = samples[(position + i) % MICROPHONE_RING_SAMPLES];
    }
    read = position + taken;
    return taken;
}

uint32_t pcm_ring_dropped(void)
{
    return dropped;
}

void pcm_ring_reset(void)
{
    read = written;
    dropped = 0;
}
