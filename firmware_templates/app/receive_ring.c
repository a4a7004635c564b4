#include "receive_ring.h"

#include "config.h"

_Static_assert((RECEIVE_RING_BYTES & (RECEIVE_RING_BYTES - 1u)) == 0, "the ring's size must be a power of two");

/* The counters run freely and wrap together, so `written - read` is always the number of bytes held. Each side
 * writes only its own counter; `volatile` keeps the accesses to data and counters in order. */
static volatile uint8_t bytes[RECEIVE_RING_BYTES];
static volatile uint32_t written;
static volatile uint32_t read;

bool ring_is_empty(void)
{
    return written == read;
}

uint32_t ring_space(void)
{
    return RECEIVE_RING_BYTES - (written - read);
}

void ring_put(uint8_t byte)
{
    const uint32_t position = written;

    if (position - read == RECEIVE_RING_BYTES) {
        return;
    }
    bytes[position % RECEIVE_RING_BYTES] = byte;
    written = position + 1u;
}

bool ring_get(uint8_t *byte)
{
    const uint32_t position = read;

    if (position == written) {
        return false;
    }
    *byte = bytes[position % RECEIVE_RING_BYTES];
    read = position + 1u;
    return true;
}
