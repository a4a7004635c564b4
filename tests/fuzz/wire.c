#include "wire.h"

#include <stdbool.h>
#include <string.h>

enum { HEADER_BYTES = 2, CRC_BYTES = 4, CODE_OF_FULL_BLOCK = 255 };

/* Bit by bit, unlike the firmware's table. */
static uint32_t crc32_of(const uint8_t *bytes, size_t count)
{
    uint32_t crc = 0xFFFFFFFFu;

    for (size_t i = 0; i < 8u * count; i++) {
        const uint32_t bit = (bytes[i / 8u] >> (i % 8u)) & 1u;

        crc = ((crc ^ bit) & 1u) != 0 ? (crc >> 1) ^ 0xEDB88320u : crc >> 1;
    }
    return ~crc;
}

uint32_t wire_get_u32(const uint8_t *bytes)
{
    uint32_t value = 0;

    for (uint32_t i = 0; i < 4; i++) {
        value |= (uint32_t)bytes[i] << (8u * i);
    }
    return value;
}

void wire_put_u32(uint8_t *bytes, uint32_t value)
{
    for (uint32_t i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> (8u * i));
    }
}

/* Undoes COBS into `content`, of which no more than `limit` bytes are kept; returns the length that all of it has.
 * `complete` is false where the last block is cut short. */
static size_t unstuff(const uint8_t *wire, size_t bytes, uint8_t *content, uint32_t limit, bool *complete)
{
    size_t length = 0;
    size_t code_at = 0;

    while (code_at < bytes) {
        const size_t end = code_at + wire[code_at];

        for (size_t i = code_at + 1u; i < end && i < bytes; i++) {
            if (length < limit) {
                content[length] = wire[i];
            }
            length++;
        }
        if (wire[code_at] != CODE_OF_FULL_BLOCK && end < bytes) {
            if (length < limit) {
                content[length] = 0;
            }
            length++;
        }
        *complete = end <= bytes;
        code_at = end;
    }
    return length;
}

wire_verdict wire_decode(const uint8_t *wire, size_t bytes, uint32_t limit, wire_frame *frame)
{
    uint8_t content[WIRE_CONTENT_LIMIT];
    bool complete = false;
    const size_t length = unstuff(wire, bytes, content, limit, &complete);

    if (length > limit) {
        return WIRE_TOO_LONG;
    }
    if (!complete || length < HEADER_BYTES + CRC_BYTES) {
        return WIRE_DAMAGED;
    }
    if (crc32_of(content, length - CRC_BYTES) != wire_get_u32(content + length - CRC_BYTES)) {
        return WIRE_DAMAGED;
    }
    frame->type = content[0];
    frame->sequence = content[1];
    frame->payload_bytes = (uint32_t)(length - HEADER_BYTES - CRC_BYTES);
    memcpy(frame->payload, content + HEADER_BYTES, frame->payload_bytes);
    return WIRE_FRAME;
}

static size_t stuff(const uint8_t *content, size_t bytes, uint8_t *wire)
{
    size_t code_at = 0;
    size_t length = 1;

    for (size_t i = 0; i < bytes; i++) {
        if (length - code_at == CODE_OF_FULL_BLOCK) {
            wire[code_at] = CODE_OF_FULL_BLOCK;
            code_at = length;
            length++;
        }
        if (content[i] == 0) {
            wire[code_at] = (uint8_t)(length - code_at);
            code_at = length;
        } else {
            wire[length] = content[i];
        }
        length++;
    }
    wire[code_at] = (uint8_t)(length - code_at);
    return length;
}

size_t wire_encode(const wire_frame *frame, uint8_t *wire)
{
    uint8_t content[WIRE_CONTENT_LIMIT];
    const size_t body_bytes = HEADER_BYTES + frame->payload_bytes;

    content[0] = frame->type;
    content[1] = frame->sequence;
    memcpy(content + HEADER_BYTES, frame->payload, frame->payload_bytes);
    wire_put_u32(content + body_bytes, crc32_of(content, body_bytes));

    const size_t length = stuff(content, body_bytes + CRC_BYTES, wire);
    wire[length] = WIRE_DELIMITER;
    return length + 1u;
}
