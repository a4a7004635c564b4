/* Frames as docs/wire-format.md has them, written a second time: what the firmware's own code is held against. */
#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>
#include <stdint.h>

#define WIRE_DELIMITER 0u

/* The longest content that either side may send, and the most that COBS and the delimiter make of it. */
#define WIRE_CONTENT_LIMIT 2048u
#define WIRE_LONGEST (WIRE_CONTENT_LIMIT + WIRE_CONTENT_LIMIT / 254u + 2u)

typedef enum { WIRE_FRAME, WIRE_DAMAGED, WIRE_TOO_LONG } wire_verdict;

typedef struct {
    uint8_t type;
    uint8_t sequence;
    uint8_t payload[WIRE_CONTENT_LIMIT];
    uint32_t payload_bytes;
} wire_frame;

/* Reads what stands between two delimiters: at least one byte. `limit` is the longest content that is taken, at most
 * WIRE_CONTENT_LIMIT. */
wire_verdict wire_decode(const uint8_t *wire, size_t bytes, uint32_t limit, wire_frame *frame);

/* Writes a frame and its delimiter to `wire`, which has room for WIRE_LONGEST bytes; returns how many it took. */
size_t wire_encode(const wire_frame *frame, uint8_t *wire);

uint32_t wire_get_u32(const uint8_t *bytes);
void wire_put_u32(uint8_t *bytes, uint32_t value);

#endif
