/* The whole firmware but for its board: the fuzzer's bytes become well-formed frames and noise, every reply is checked,
 * and after every input a known window must still give its first result.
 *
 * An input is a row of steps, each a byte that says which (modulo STEPS) and what that step needs; what is missing at
 * the end is left out. tests/fuzz/make_corpus.py writes some. */
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "board.h"
#include "config.h"
#include "expect.h"
#include "link.h"
#include "messages.h"
#include "receive_ring.h"
#include "session.h"
#include "wav2small.h"
#include "wire.h"

enum {
    STEP_NOISE,   /* length u8, bytes as they are */
    STEP_REQUEST, /* type u8, length u16, payload */
    STEP_AUDIO,   /* length u16, PCM: the next of the window that was begun last */
    STEP_SAMPLES, /* length u16, PCM: the next of the listening that was begun last */
    STEP_PACE,    /* u8: how many bytes arrive at once, and whether the line ignores the credit */
    STEP_STACK,   /* u8: odd where the stack was full */
    STEPS,
};

enum { LONGEST_PAYLOAD = 600, PACE_FLOODED = 0x80 };

/* --- the input ---------------------------------------------------------------------------------------------- */

static const uint8_t *steps;
static size_t steps_left;

static uint8_t take_u8(void)
{
    if (steps_left == 0) {
        return 0;
    }
    steps_left--;
    return *steps++;
}

static uint32_t take_u16(void)
{
    const uint32_t low = take_u8();

    return low | (uint32_t)take_u8() << 8;
}

static uint32_t take(uint8_t *bytes, uint32_t wanted)
{
    const uint32_t count = wanted < steps_left ? wanted : (uint32_t)steps_left;

    memcpy(bytes, steps, count);
    steps += count;
    steps_left -= count;
    return count;
}

/* --- the line to the board ---------------------------------------------------------------------------------- */

/* What is on its way to the board. */
static uint8_t line[4u * WIRE_LONGEST];
static size_t line_read;
static size_t line_written;

static uint32_t pace; /* bytes that arrive at once */
static bool flooded;  /* bytes also arrive while the board is busy, whether its ring has room or not */
static bool stack_was_full;

static uint8_t sequence;
static uint32_t begun;     /* number of the last BEGIN */
static uint32_t listened;  /* number of the last LISTEN */
static uint32_t acked;     /* offset in the last ACK */
static uint32_t live_next; /* samples sent to the listening */

static void send_bytes(const uint8_t *bytes, size_t count)
{
    EXPECT(count <= sizeof line - line_written);
    memcpy(line + line_written, bytes, count);
    line_written += count;
}

static void send_request(wire_frame *request)
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
    send_bytes(wire, wire_encode(request, wire));
}

static void send_payload(uint8_t type, const void *payload, uint32_t bytes)
{
    static wire_frame request;

    request.type = type;
    request.payload_bytes = bytes;
    memcpy(request.payload, payload, bytes);
    send_request(&request);
}

/* AUDIO or SAMPLES. */
static void send_pcm(uint8_t type, uint32_t number, uint32_t offset, uint32_t bytes)
{
    static wire_frame request;

    request.type = type;
    wire_put_u32(request.payload, number);
    wire_put_u32(request.payload + 4, offset);
    request.payload_bytes = LINK_AUDIO_HEADER_BYTES + take(request.payload + LINK_AUDIO_HEADER_BYTES, bytes);
    send_request(&request);
}

static void take_step(void)
{
    static wire_frame request;
    uint32_t length;

    switch (take_u8() % STEPS) {
    case STEP_NOISE:
        length = take(request.payload, take_u8());
        send_bytes(request.payload, length);
        break;
    case STEP_REQUEST:
        request.type = take_u8();
        length = take_u16() % LONGEST_PAYLOAD;
        request.payload_bytes = take(request.payload, length);
        send_request(&request);
        break;
    case STEP_AUDIO:
        send_pcm(REQUEST_AUDIO, begun, acked, take_u16() % LONGEST_PAYLOAD);
        break;
    case STEP_SAMPLES:
        length = take_u16() % LONGEST_PAYLOAD;
        send_pcm(REQUEST_SAMPLES, listened, live_next, length);
        live_next += length / sizeof(int16_t);
        break;
    case STEP_PACE:
        length = take_u8();
        pace = 1u + length % PACE_FLOODED;
        flooded = length >= PACE_FLOODED;
        break;
    default:
        stack_was_full = take_u8() % 2u != 0;
        break;
    }
}

/* --- replies ------------------------------------------------------------------------------------------------ */

static uint8_t reply_wire[WIRE_LONGEST];
static size_t reply_bytes;
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

/* tests/fuzz/test_firmware.py reads these lines. */
static void print_replies(void)
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

/* --- the probe ---------------------------------------------------------------------------------------------- */

/* After the steps of an input the line comes into step again, and then requests are made whose replies must be, byte
 * for byte, those of the first time: nothing that was sent before may be left in them. */
static enum { IN_STEPS, SETTLING, PROBING } phase;

enum { PROBE_SAMPLES = 96, PROBE_WINDOW = 0x50524F42, OTHER_WINDOW = 0x4F544852, NO_LAYER = 255 };

static uint8_t probed[8192];
static size_t probed_bytes;
static uint32_t ticks;

static void send_begin(uint32_t window)
{
    uint8_t payload[26] = { 0 };

    wire_put_u32(payload, window);
    wire_put_u32(payload + 4, PROBE_SAMPLES);
    for (uint32_t i = 0; i < PROBE_SAMPLES; i++) {
        const int32_t sample = (int32_t)(i * i % 201u) - 100;

        wire_put_u32(payload + 8, wire_get_u32(payload + 8) + (uint32_t)sample);
        wire_put_u32(payload + 16, wire_get_u32(payload + 16) + (uint32_t)(sample * sample));
    }
    /* The sum is an i64. */
    memset(payload + 12, (payload[11] & 0x80u) != 0 ? 0xFF : 0, 4);
    payload[24] = 0; /* the log-mel image is tapped */
    send_payload(REQUEST_BEGIN, payload, sizeof payload);
}

static void send_probe_pcm(uint8_t type, uint32_t number)
{
    uint8_t payload[LINK_AUDIO_HEADER_BYTES + sizeof(int16_t) * PROBE_SAMPLES] = { 0 };

    wire_put_u32(payload, number);
    for (uint32_t i = 0; i < PROBE_SAMPLES; i++) {
        const uint32_t sample = i * i % 201u - 100u;

        payload[LINK_AUDIO_HEADER_BYTES + 2u * i] = (uint8_t)sample;
        payload[LINK_AUDIO_HEADER_BYTES + 2u * i + 1u] = (uint8_t)(sample >> 8);
    }
    send_payload(type, payload, sizeof payload);
}

static void send_probe(void)
{
    uint8_t listen[9] = { 0 };
    uint8_t number[4];

    wire_put_u32(number, PROBE_WINDOW);
    send_begin(PROBE_WINDOW);
    send_probe_pcm(REQUEST_AUDIO, PROBE_WINDOW);
    send_payload(REQUEST_END, number, sizeof number);
    wire_put_u32(listen, PROBE_WINDOW);
    wire_put_u32(listen + 4, PROBE_SAMPLES);
    listen[8] = SOURCE_HOST;
    send_payload(REQUEST_LISTEN, listen, sizeof listen);
    send_probe_pcm(REQUEST_SAMPLES, PROBE_WINDOW);
    send_payload(REQUEST_STOP, number, sizeof number);
    send_payload(REQUEST_HEALTH, number, 0);
    send_payload(REQUEST_MEMORY, number, 0);
    send_payload(REQUEST_HELLO, "a token.", HELLO_TOKEN_BYTES);
}

/* A delimiter ends a frame that was begun, and two BEGINs, one of which has another number than the open window, close
 * that and any listening. */
static void settle(void)
{
    static const uint8_t delimiter = WIRE_DELIMITER;

    pace = 64;
    flooded = false;
    stack_was_full = false;
    send_bytes(&delimiter, sizeof delimiter);
    send_begin(PROBE_WINDOW);
    send_begin(OTHER_WINDOW);
}

static void expect_first_answer(void)
{
    static uint8_t first[sizeof probed];
    static size_t first_bytes;

    if (first_bytes == 0) {
        memcpy(first, probed, probed_bytes);
        first_bytes = probed_bytes;
    }
    EXPECT(probed_bytes == first_bytes && memcmp(probed, first, first_bytes) == 0);
}

/* --- the board ---------------------------------------------------------------------------------------------- */

static jmp_buf input_ended;

static void deliver(size_t count)
{
    for (size_t i = 0; i < count && line_read < line_written; i++) {
        ring_put(line[line_read]);
        line_read++;
    }
}

/* Time passes for the board. */
static void pass(void)
{
    if (flooded) {
        deliver(pace);
    }
}

/* What comes after the line has been read to its end. */
static void go_on(void)
{
    line_read = 0;
    line_written = 0;
    if (phase == IN_STEPS && steps_left > 0) {
        take_step();
    } else if (phase == IN_STEPS) {
        phase = SETTLING;
        settle();
    } else if (phase == SETTLING) {
        phase = PROBING;
        probed_bytes = 0;
        sequence = 0;
        ticks = 0;
        send_probe();
    } else {
        longjmp(input_ended, 1);
    }
}

/* A hang is libFuzzer's to find. */
void board_feed_watchdog(void)
{
}

void board_wait(void)
{
    while (line_read == line_written) {
        go_on();
    }
    const uint32_t space = ring_space();
    deliver(pace < space ? pace : space);
}

void board_send(const uint8_t *bytes, uint32_t count)
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
    if (phase == PROBING) {
        EXPECT(count <= sizeof probed - probed_bytes);
        memcpy(probed + probed_bytes, bytes, count);
        probed_bytes += count;
    }
    pass();
}

uint32_t board_ticks(void)
{
    pass();
    return ticks++;
}

void board_measure_memory(board_memory *memory)
{
    *memory = (board_memory){ .static_bytes = 3, .stack_bytes = 2, .stack_used = 1 };
}

image_state board_check_image(uint32_t *crc)
{
    *crc = 0x12345678;
    return IMAGE_SOUND;
}

void board_last_reset(reset_record *reset)
{
    *reset = (reset_record){ .kind = RESET_WATCHDOG, .cause = 1, .program_counter = 2, .address = 3 };
}

bool board_stack_is_sound(void)
{
    return !stack_was_full;
}

/* --- the fuzz target ---------------------------------------------------------------------------------------- */

static void run_session(const uint8_t *data, size_t size)
{
    steps = data;
    steps_left = size;
    phase = IN_STEPS;
    pace = 64;
    reply_bytes = 0;
    acked = 0;
    if (setjmp(input_ended) == 0) {
        session_run();
    }
    EXPECT(reply_bytes == 0);
    expect_first_answer();
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    (void)atexit(print_replies);
    run_session(NULL, 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run_session(data, size);
    return 0;
}
