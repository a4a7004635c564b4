#include "replies.h"

#include <stddef.h>
#include <string.h>

#include "expect.h"
#include "messages.h"
#include "wav2small.h"
#include "wire.h"

static uint8_t reply_wire[WIRE_LONGEST];
static size_t reply_bytes;
static uint32_t acked;
static size_t replies_seen[256];
static size_t errors_seen[256];

/* How long a reply's payload is; where it ends in anything of any length, how long it is at least. */
static const struct {
    uint8_t type;
    uint32_t bytes;
    bool is_longer;
} layouts[] = {
    { REPLY_HELLO, 33, true },      { REPLY_ACK, 8, false },  { REPLY_RESULT, 37, false }, { REPLY_TAP, 9, true },
    { REPLY_MEMORY, 12, false },    { REPLY_LIVE, 40, false }, { REPLY_HEALTH, 18, false }, { REPLY_ERROR, 1, false },
    { REPLY_LISTENING, 20, false },
};

static void expect_layout(const wire_frame *reply)
{
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        if (layouts[i].type == reply->type) {
            EXPECT(reply->payload_bytes >= layouts[i].bytes);
            EXPECT(layouts[i].is_longer || reply->payload_bytes == layouts[i].bytes);
            return;
        }
    }
    EXPECT(!"the reply's type is known");
}

static void expect_result(const uint8_t *payload)
{
    static const uint8_t nothing[12];

    EXPECT(payload[4] <= RESULT_STATISTICS_DIFFER);
    EXPECT(payload[4] == RESULT_RIGHT || memcmp(payload + 5, nothing, sizeof nothing) == 0);
}

static uint32_t row_bytes(uint8_t layer)
{
    if (layer == W2S_LAYER_LOGMEL) {
        return W2S_MEL_BANDS;
    }
    if (layer < W2S_LAYER_POOL) {
        return W2S_MEL_BANDS * W2S_CHANNELS;
    }
    return layer == W2S_LAYER_POOLED ? W2S_FEATURES * sizeof(int32_t) : W2S_FEATURES;
}

static void expect_row(const wire_frame *reply)
{
    const uint8_t layer = reply->payload[4];

    EXPECT(layer < W2S_LAYER_COUNT);
    EXPECT(reply->payload_bytes == 9u + row_bytes(layer));
}

static void read_reply(void)
{
    static wire_frame reply;

    EXPECT(wire_decode(reply_wire, reply_bytes, WIRE_CONTENT_LIMIT, &reply) == WIRE_FRAME);
    expect_layout(&reply);
    replies_seen[reply.type]++;
    if (reply.type == REPLY_ERROR) {
        EXPECT(reply.payload[0] > ERROR_NONE && reply.payload[0] <= ERROR_STACK_OVERFLOW);
        errors_seen[reply.payload[0]]++;
    } else if (reply.type == REPLY_RESULT) {
        expect_result(reply.payload);
    } else if (reply.type == REPLY_ACK) {
        acked = wire_get_u32(reply.payload + 4);
    } else if (reply.type == REPLY_TAP) {
        expect_row(&reply);
    }
}

void replies_begin(void)
{
    reply_bytes = 0;
    acked = 0;
}

void replies_receive(const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (bytes[i] != WIRE_DELIMITER) {
            EXPECT(reply_bytes < sizeof reply_wire);
            reply_wire[reply_bytes++] = bytes[i];
        } else if (reply_bytes > 0) {
            read_reply();
            reply_bytes = 0;
        }
    }
}

bool replies_are_whole(void)
{
    return reply_bytes == 0;
}

uint32_t replies_acked(void)
{
    return acked;
}

void replies_print(void)
{
    for (unsigned type = 0; type < 256; type++) {
        if (replies_seen[type] > 0) {
            fprintf(stderr, "reply %02X: %zu\n", type, replies_seen[type]);
        }
    }
    for (unsigned code = 0; code < 256; code++) {
        if (errors_seen[code] > 0) {
            fprintf(stderr, "error %u: %zu\n", code, errors_seen[code]);
        }
    }
}
