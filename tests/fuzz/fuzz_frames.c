/* Any bytes, in pieces of any length, into the firmware's receiver: it reports what a second reader of the same bytes
 * finds, and what it sends is read back as what it was given. The first byte of an input chooses the pieces. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "board.h"
#include "expect.h"
#include "link.h"
#include "receive_ring.h"
#include "wire.h"

/* --- what the firmware sends -------------------------------------------------------------------------------- */

static uint8_t sent[WIRE_LONGEST];
static uint32_t sent_bytes;

void board_send(const uint8_t *bytes, uint32_t count)
{
    EXPECT(count <= sizeof sent - sent_bytes);
    memcpy(sent + sent_bytes, bytes, count);
    sent_bytes += count;
}

static void expect_echo(const link_frame *frame)
{
    static wire_frame read_back;

    sent_bytes = 0;
    link_begin(frame->type, frame->sequence);
    link_put(frame->payload, frame->payload_bytes);
    link_end();
    EXPECT(sent[sent_bytes - 1u] == WIRE_DELIMITER);
    EXPECT(memchr(sent, WIRE_DELIMITER, sent_bytes - 1u) == NULL);
    EXPECT(wire_decode(sent, sent_bytes - 1u, WIRE_CONTENT_LIMIT, &read_back) == WIRE_FRAME);
    EXPECT(read_back.type == frame->type && read_back.sequence == frame->sequence);
    EXPECT(read_back.payload_bytes == frame->payload_bytes);
    EXPECT(memcmp(read_back.payload, frame->payload, frame->payload_bytes) == 0);
}

/* --- what the firmware receives ----------------------------------------------------------------------------- */

/* What the second reader has not looked at yet. */
static const uint8_t *unread;
static const uint8_t *end;

/* The next stretch of at least one byte between delimiters; false if there is none. */
static bool next_stretch(const uint8_t **start, size_t *bytes)
{
    while (unread < end && *unread == WIRE_DELIMITER) {
        unread++;
    }
    *start = unread;
    while (unread < end && *unread != WIRE_DELIMITER) {
        unread++;
    }
    *bytes = (size_t)(unread - *start);
    return *bytes > 0;
}

static void expect_event(link_event event, const link_frame *frame)
{
    static const link_event events[] = {
        [WIRE_FRAME] = LINK_FRAME,
        [WIRE_DAMAGED] = LINK_DAMAGED,
        [WIRE_TOO_LONG] = LINK_TOO_LONG,
    };
    static wire_frame expected;
    const uint8_t *stretch;
    size_t bytes;

    EXPECT(next_stretch(&stretch, &bytes));
    EXPECT(event == events[wire_decode(stretch, bytes, LINK_CONTENT_LIMIT, &expected)]);
    if (event != LINK_FRAME) {
        return;
    }
    EXPECT(frame->type == expected.type && frame->sequence == expected.sequence);
    EXPECT(frame->payload_bytes == expected.payload_bytes);
    EXPECT(memcmp(frame->payload, expected.payload, expected.payload_bytes) == 0);
    EXPECT((uintptr_t)frame->payload % sizeof(int16_t) == 0);
    expect_echo(frame);
}

static void receive(void)
{
    link_frame frame;
    link_event event;

    while ((event = link_receive(&frame)) != LINK_NOTHING) {
        expect_event(event, &frame);
    }
    EXPECT(ring_is_empty());
}

static void feed(const uint8_t *bytes, size_t count, uint32_t pieces)
{
    size_t fed = 0;

    while (fed < count) {
        const size_t left = count - fed;

        pieces = pieces * 1664525u + 1013904223u; /* Numerical Recipes */
        const size_t wanted = 1u + (pieces >> 16) % RECEIVE_RING_BYTES;
        const size_t piece = wanted < left ? wanted : left;

        for (size_t i = 0; i < piece; i++) {
            ring_put(bytes[fed + i]);
        }
        receive();
        fed += piece;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t delimiter = WIRE_DELIMITER;
    const uint8_t *stretch;
    size_t bytes;

    if (size == 0) {
        return 0;
    }
    unread = data + 1;
    end = data + size;
    feed(data + 1, size - 1u, data[0]);
    feed(&delimiter, sizeof delimiter, 0); /* the next input starts afresh */
    EXPECT(!next_stretch(&stretch, &bytes));
    return 0;
}
