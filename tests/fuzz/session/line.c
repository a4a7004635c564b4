#include "line.h"

#include <string.h>

#include "expect.h"
#include "link.h"
#include "messages.h"
#include "receive_ring.h"

static uint8_t line[4u * WIRE_LONGEST];
static size_t line_read;
static size_t line_written;

static uint32_t pace;
static bool flooded;

static uint8_t sequence;
static uint32_t begun;     /* number of the last BEGIN */
static uint32_t listened;  /* number of the last LISTEN */
static uint32_t live_next; /* samples sent to the listening */

bool line_is_empty(void)
{
    return line_read == line_written;
}

void line_send_bytes(const uint8_t *bytes, size_t count)
{
    if (line_is_empty()) {
        line_read = 0;
        line_written = 0;
    }
    EXPECT(count <= sizeof line - line_written);
    memcpy(line + line_written, bytes, count);
    line_written += count;
}

void line_number_from_zero(void)
{
    sequence = 0;
}

void line_send_request(wire_frame *request)
{
    uint8_t wire[WIRE_LONGEST];

    request->sequence = sequence++;
    if (request->type == REQUEST_BEGIN && request->payload_bytes >= 4u) {
        begun = wire_get_u32(request->payload);
    }
    if (request->type == REQUEST_LISTEN && request->payload_bytes >= 4u) {
        listened = wire_get_u32(request->payload);
        live_next = 0;
    }
    line_send_bytes(wire, wire_encode(request, wire));
}

void line_send_payload(uint8_t type, const void *payload, uint32_t bytes)
{
    static wire_frame request;

    request.type = type;
    request.payload_bytes = bytes;
    memcpy(request.payload, payload, bytes);
    line_send_request(&request);
}

static void send_pcm(uint8_t type, uint32_t number, uint32_t offset, const uint8_t *pcm, uint32_t bytes)
{
    static wire_frame request;

    request.type = type;
    wire_put_u32(request.payload, number);
    wire_put_u32(request.payload + 4, offset);
    memcpy(request.payload + LINK_AUDIO_HEADER_BYTES, pcm, bytes);
    request.payload_bytes = LINK_AUDIO_HEADER_BYTES + bytes;
    line_send_request(&request);
}

void line_send_audio(uint32_t offset, const uint8_t *pcm, uint32_t bytes)
{
    send_pcm(REQUEST_AUDIO, begun, offset, pcm, bytes);
}

void line_send_samples(const uint8_t *pcm, uint32_t bytes)
{
    send_pcm(REQUEST_SAMPLES, listened, live_next, pcm, bytes);
    live_next += bytes / sizeof(int16_t);
}

void line_set_pace(uint32_t bytes_at_once, bool is_flooded)
{
    pace = bytes_at_once;
    flooded = is_flooded;
}

static void deliver(size_t count)
{
    for (size_t i = 0; i < count && !line_is_empty(); i++) {
        ring_put(line[line_read]);
        line_read++;
    }
}

void line_deliver(void)
{
    const uint32_t space = ring_space();

    deliver(pace < space ? pace : space);
}

void line_pass(void)
{
    if (flooded) {
        deliver(pace);
    }
}
