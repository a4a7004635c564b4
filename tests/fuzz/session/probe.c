#include "probe.h"

#include <stddef.h>
#include <string.h>

#include "expect.h"
#include "line.h"
#include "messages.h"
#include "wire.h"

enum { PROBE_SAMPLES = 96, PROBE_WINDOW = 0x50524F42, OTHER_WINDOW = 0x4F544852 };

static uint8_t probed[8192];
static size_t probed_bytes;

static int32_t sample_at(uint32_t i)
{
    return (int32_t)(i * i % 201u) - 100;
}

static void send_begin(uint32_t window)
{
    uint8_t payload[26] = { 0 };

    wire_put_u32(payload, window);
    wire_put_u32(payload + 4, PROBE_SAMPLES);
    for (uint32_t i = 0; i < PROBE_SAMPLES; i++) {
        const int32_t sample = sample_at(i);

        wire_put_u32(payload + 8, wire_get_u32(payload + 8) + (uint32_t)sample);
        wire_put_u32(payload + 16, wire_get_u32(payload + 16) + (uint32_t)(sample * sample));
    }
    /* The sum is an i64. */
    memset(payload + 12, (payload[11] & 0x80u) != 0 ? 0xFF : 0, 4);
    payload[24] = 0; /* the log-mel image is tapped */
    line_send_payload(REQUEST_BEGIN, payload, sizeof payload);
}

/* A delimiter ends a frame that was begun, and two BEGINs, one of which has another number than the open window, close
 * that and any listening. */
void probe_settle(void)
{
    static const uint8_t delimiter = WIRE_DELIMITER;

    line_send_bytes(&delimiter, sizeof delimiter);
    send_begin(PROBE_WINDOW);
    send_begin(OTHER_WINDOW);
}

void probe_ask(void)
{
    uint8_t pcm[sizeof(int16_t) * PROBE_SAMPLES];
    uint8_t listen[9] = { 0 };
    uint8_t number[4];

    for (uint32_t i = 0; i < PROBE_SAMPLES; i++) {
        const uint32_t sample = (uint32_t)sample_at(i);

        pcm[2u * i] = (uint8_t)sample;
        pcm[2u * i + 1u] = (uint8_t)(sample >> 8);
    }
    wire_put_u32(number, PROBE_WINDOW);
    wire_put_u32(listen, PROBE_WINDOW);
    wire_put_u32(listen + 4, PROBE_SAMPLES);
    listen[8] = SOURCE_HOST;

    probed_bytes = 0;
    line_number_from_zero();
    send_begin(PROBE_WINDOW);
    line_send_audio(0, pcm, sizeof pcm);
    line_send_payload(REQUEST_END, number, sizeof number);
    line_send_payload(REQUEST_LISTEN, listen, sizeof listen);
    line_send_samples(pcm, sizeof pcm);
    line_send_payload(REQUEST_STOP, number, sizeof number);
    line_send_payload(REQUEST_HEALTH, number, 0);
    line_send_payload(REQUEST_MEMORY, number, 0);
    line_send_payload(REQUEST_HELLO, "a token.", HELLO_TOKEN_BYTES);
}

void probe_receive(const uint8_t *bytes, uint32_t count)
{
    EXPECT(count <= sizeof probed - probed_bytes);
    memcpy(probed + probed_bytes, bytes, count);
    probed_bytes += count;
}

void probe_expect_first_answer(void)
{
    static uint8_t first[sizeof probed];
    static size_t first_bytes;

    if (first_bytes == 0) {
        memcpy(first, probed, probed_bytes);
        first_bytes = probed_bytes;
    }
    EXPECT(probed_bytes == first_bytes && memcmp(probed, first, first_bytes) == 0);
}
