#include "link.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "board.h"
#include "crc32.h"
#include "receive_ring.h"

/* COBS (Cheshire and Baker, 1999): a code byte says how far away the next zero is; 0xFF stands for 254 bytes
 * without a zero after them. */
#define DELIMITER 0u
#define LONGEST_BLOCK 254u
#define CODE_WITHOUT_ZERO (LONGEST_BLOCK + 1u)

/* --- receiving ------------------------------------------------------------------------------------------- */

/* The frame being decoded. */
static struct {
    uint16_t content[(LINK_CONTENT_LIMIT + 1u) / 2u]; /* so that the samples of an AUDIO frame are aligned */
    uint32_t length;
    uint32_t block_left; /* bytes until the next code byte */
    bool zero_due;       /* a zero stands between this block and the next */
    bool too_long;
} incoming;

static void append(uint8_t byte)
{
    if (incoming.length == LINK_CONTENT_LIMIT) {
        incoming.too_long = true;
        return;
    }
    ((uint8_t *)incoming.content)[incoming.length] = byte;
    incoming.length++;
}

static void decode(uint8_t byte)
{
    if (incoming.block_left > 0) {
        append(byte);
        incoming.block_left--;
        return;
    }
    if (incoming.zero_due) {
        append(0);
    }
    incoming.block_left = byte - 1u;
    incoming.zero_due = byte != CODE_WITHOUT_ZERO;
}

static link_event finish_frame(link_frame *frame)
{
    const uint8_t *content = (const uint8_t *)incoming.content;
    const bool seen_anything = incoming.length > 0 || incoming.zero_due || incoming.block_left > 0;

    if (!seen_anything) {
        return LINK_NOTHING;
    }
    if (incoming.too_long) {
        return LINK_TOO_LONG;
    }
    if (incoming.block_left > 0 || incoming.length < LINK_HEADER_BYTES + LINK_CRC_BYTES) {
        return LINK_DAMAGED;
    }
    const uint32_t body_bytes = incoming.length - LINK_CRC_BYTES;
    if (crc32_update(0, content, body_bytes) != link_get_u32(content + body_bytes)) {
        return LINK_DAMAGED;
    }
    frame->type = content[0];
    frame->sequence = content[1];
    frame->payload = content + LINK_HEADER_BYTES;
    frame->payload_bytes = body_bytes - LINK_HEADER_BYTES;
    return LINK_FRAME;
}

link_event link_receive(link_frame *frame)
{
    uint8_t byte;

    while (ring_get(&byte)) {
        if (byte != DELIMITER) {
            decode(byte);
            continue;
        }
        const link_event event = finish_frame(frame);
        incoming.length = 0;
        incoming.block_left = 0;
        incoming.zero_due = false;
        incoming.too_long = false;
        if (event != LINK_NOTHING) {
            return event;
        }
    }
    return LINK_NOTHING;
}

uint32_t link_get_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

uint64_t link_get_u64(const uint8_t *bytes)
{
    return (uint64_t)link_get_u32(bytes) | (uint64_t)link_get_u32(bytes + 4) << 32;
}

/* --- sending --------------------------------------------------------------------------------------------- */

/* The COBS block being filled; its code byte, at the front, is known when the block ends. */
static struct {
    uint8_t block[1 + LONGEST_BLOCK];
    uint32_t length;
    uint32_t crc;
} outgoing;

static void end_block(void)
{
    outgoing.block[0] = (uint8_t)(outgoing.length + 1u);
    board_send(outgoing.block, outgoing.length + 1u);
    outgoing.length = 0;
}

static void encode(const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (outgoing.length == LONGEST_BLOCK) {
            end_block();
        }
        if (bytes[i] == 0) {
            end_block();
        } else {
            outgoing.length++;
            outgoing.block[outgoing.length] = bytes[i];
        }
    }
}

void link_begin(uint8_t type, uint8_t sequence)
{
    outgoing.length = 0;
    outgoing.crc = 0;
    link_put_u8(type);
    link_put_u8(sequence);
}

void link_put(const void *bytes, uint32_t count)
{
    outgoing.crc = crc32_update(outgoing.crc, bytes, count);
    encode(bytes, count);
}

void link_put_u8(uint8_t value)
{
    link_put(&value, sizeof value);
}

void link_put_u16(uint16_t value)
{
    const uint8_t bytes[] = { (uint8_t)value, (uint8_t)(value >> 8) };

    link_put(bytes, sizeof bytes);
}

void link_put_u32(uint32_t value)
{
    link_put_u16((uint16_t)value);
    link_put_u16((uint16_t)(value >> 16));
}

void link_put_u64(uint64_t value)
{
    link_put_u32((uint32_t)value);
    link_put_u32((uint32_t)(value >> 32));
}

void link_put_string(const char *text)
{
    const uint32_t length = (uint32_t)strlen(text);

    link_put_u8((uint8_t)length);
    link_put(text, length);
}

void link_delimit(void)
{
    static const uint8_t delimiter = DELIMITER;

    board_send(&delimiter, sizeof delimiter);
}

void link_end(void)
{
    link_put_u32(outgoing.crc);
    end_block();
    link_delimit();
}
