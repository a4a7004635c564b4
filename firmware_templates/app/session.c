#include "session.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board.h"
#include "build_id.h"
#include "config.h"
#include "health.h"
#include "link.h"
#include "live.h"
#include "messages.h"
#include "wav2small.h"
#include "window.h"

#if HAS_PROFILE
#include "profile.h"
#endif

/* Offsets in the payloads of requests. */
enum {
    BEGIN_WINDOW = 0,
    BEGIN_SAMPLES = 4,
    BEGIN_SUM = 8,
    BEGIN_SUM_SQUARES = 16,
    BEGIN_TAPPED_LAYER = 24,
    BEGIN_NORMALISER = 25,
    BEGIN_BYTES = 26,

    AUDIO_WINDOW = 0,
    AUDIO_OFFSET = 4,
    AUDIO_PCM = LINK_AUDIO_HEADER_BYTES,

    END_WINDOW = 0,
    END_BYTES = 4,

    LISTEN_NUMBER = 0,
    LISTEN_SAMPLES = 4,
    LISTEN_SOURCE = 8,
    LISTEN_BYTES = 9,

    SAMPLES_NUMBER = 0,
    SAMPLES_OFFSET = 4,
    SAMPLES_PCM = LINK_AUDIO_HEADER_BYTES,

    STOP_NUMBER = 0,
    STOP_BYTES = 4,
};

/* What the board sends unasked answers no frame. */
#define UNASKED 0u

/* What the tap needs to know of the request being answered. */
static struct {
    uint32_t window;
    uint32_t rows;
    uint8_t layer;
    uint8_t sequence;
} tapped;

static void reply_error(uint8_t sequence, error_code code)
{
    link_begin(REPLY_ERROR, sequence);
    link_put_u8((uint8_t)code);
    link_end();
}

static void reply_ack(uint8_t sequence, uint32_t window)
{
    link_begin(REPLY_ACK, sequence);
    link_put_u32(window);
    link_put_u32(window_next());
    link_end();
}

static void answer_hello(const link_frame *frame)
{
    static const uint8_t model_hash[] = W2S_MODEL_HASH;

    link_begin(REPLY_HELLO, frame->sequence);
    link_put(frame->payload, HELLO_TOKEN_BYTES);
    link_put_u8(PROTOCOL_VERSION);
    link_put_u16(LINK_CONTENT_LIMIT);
    link_put_u16(LINK_CREDIT);
    link_put_u32(TICKS_HZ);
    link_put(build_id, sizeof build_id);
    link_put(model_hash, sizeof model_hash);
    link_put_string(TARGET_NAME);
    link_put_string(W2S_MODEL_NAME);
    link_end();
}

static void send_tapped_row(void *context, uint32_t row, const void *data, uint32_t bytes)
{
    (void)context;
    link_begin(REPLY_TAP, tapped.sequence);
    link_put_u32(tapped.window);
    link_put_u8(tapped.layer);
    link_put_u32(row);
    link_put(data, bytes);
    link_end();
    tapped.rows++;
}

static void answer_begin(const link_frame *frame)
{
    const uint8_t *payload = frame->payload;
    const uint32_t window = link_get_u32(payload + BEGIN_WINDOW);

    if (payload[BEGIN_NORMALISER] > NORMALISER_RUNNING) {
        reply_error(frame->sequence, ERROR_MALFORMED_PAYLOAD);
        return;
    }
    if (!window_is(window)) {
        const w2s_statistics announced = {
            .sum = (int64_t)link_get_u64(payload + BEGIN_SUM),
            .sum_squares = link_get_u64(payload + BEGIN_SUM_SQUARES),
            .samples = link_get_u32(payload + BEGIN_SAMPLES),
        };
        tapped.window = window;
        tapped.rows = 0;
        tapped.layer = payload[BEGIN_TAPPED_LAYER];
        tapped.sequence = frame->sequence;
        live_stop();
        const error_code refused = window_open(
            window, &announced, payload[BEGIN_NORMALISER] == NORMALISER_RUNNING, tapped.layer, send_tapped_row
        );
        if (refused != ERROR_NONE) {
            reply_error(frame->sequence, refused);
            return;
        }
    }
    reply_ack(frame->sequence, window);
}

static void answer_audio(const link_frame *frame)
{
    const uint32_t window = link_get_u32(frame->payload + AUDIO_WINDOW);
    const uint32_t offset = link_get_u32(frame->payload + AUDIO_OFFSET);
    const int16_t *pcm = (const int16_t *)(const void *)(frame->payload + AUDIO_PCM);
    const uint32_t count = (frame->payload_bytes - AUDIO_PCM) / sizeof *pcm;

    if (!window_is(window)) {
        reply_error(frame->sequence, ERROR_NO_SUCH_WINDOW);
        return;
    }
    tapped.sequence = frame->sequence;
    if (!window_push(offset, pcm, count)) {
        reply_error(frame->sequence, ERROR_MALFORMED_PAYLOAD);
        return;
    }
    reply_ack(frame->sequence, window);
}

static void put_values(const w2s_result *result)
{
    for (uint32_t i = 0; i < 3; i++) {
        link_put_u32((uint32_t)result->value[i]);
    }
}

static void reply_result(uint8_t sequence, uint32_t window)
{
    tapped.sequence = sequence;
    const window_result *result = window_finish();

    if (!board_stack_is_sound()) {
        reply_error(sequence, ERROR_STACK_OVERFLOW);
        return;
    }
    link_begin(REPLY_RESULT, sequence);
    link_put_u32(window);
    link_put_u8(result->statistics_agree ? RESULT_RIGHT : RESULT_STATISTICS_DIFFER);
    put_values(&result->values);
    link_put_u32(result->samples);
    link_put_u32(result->pcm_crc);
    link_put_u64(result->ticks);
    link_put_u32(tapped.rows);
    link_end();
}

static void answer_end(const link_frame *frame)
{
    const uint32_t window = link_get_u32(frame->payload + END_WINDOW);

    if (!window_is(window)) {
        reply_error(frame->sequence, ERROR_NO_SUCH_WINDOW);
    } else if (!window_is_complete()) {
        reply_ack(frame->sequence, window);
    } else {
        reply_result(frame->sequence, window);
    }
}

static void send_live_result(uint32_t number, const live_result *result)
{
    live_progress progress;

    if (!board_stack_is_sound()) {
        reply_error(UNASKED, ERROR_STACK_OVERFLOW);
        return;
    }
    live_measure(&progress);
    link_begin(REPLY_LIVE, UNASKED);
    link_put_u32(number);
    link_put_u32(result->index);
    put_values(&result->values);
    link_put_u32(result->samples);
    link_put_u32(progress.dropped);
    link_put_u32(result->pcm_crc);
    link_put_u64(result->ticks);
    link_end();
}

static void reply_listening(uint8_t sequence, uint32_t number)
{
    live_progress progress;

    live_measure(&progress);
    link_begin(REPLY_LISTENING, sequence);
    link_put_u32(number);
    link_put_u32(progress.next);
    link_put_u32(progress.waiting);
    link_put_u32(progress.dropped);
    link_put_u32(MICROPHONE_RING_SAMPLES);
    link_end();
}

static void answer_listen(const link_frame *frame)
{
    const uint8_t *payload = frame->payload;
    const uint32_t number = link_get_u32(payload + LISTEN_NUMBER);

    if (payload[LISTEN_SOURCE] > SOURCE_HOST) {
        reply_error(frame->sequence, ERROR_MALFORMED_PAYLOAD);
        return;
    }
    if (!live_is(number)) {
        const bool from_host = payload[LISTEN_SOURCE] == SOURCE_HOST;
        const error_code refused =
            live_start(number, link_get_u32(payload + LISTEN_SAMPLES), from_host, send_live_result);
        if (refused != ERROR_NONE) {
            reply_error(frame->sequence, refused);
            return;
        }
    }
    reply_listening(frame->sequence, number);
}

/* Audio in real time does not wait for answers: only samples that nobody listens to get one. */
static void answer_samples(const link_frame *frame)
{
    const int16_t *pcm = (const int16_t *)(const void *)(frame->payload + SAMPLES_PCM);
    const uint32_t count = (frame->payload_bytes - SAMPLES_PCM) / sizeof *pcm;

    if (live_is(link_get_u32(frame->payload + SAMPLES_NUMBER))) {
        live_put(link_get_u32(frame->payload + SAMPLES_OFFSET), pcm, count);
    } else {
        reply_error(frame->sequence, ERROR_NO_SUCH_WINDOW);
    }
}

static void answer_stop(const link_frame *frame)
{
    const uint32_t number = link_get_u32(frame->payload + STOP_NUMBER);

    if (live_is(number)) {
        live_stop();
    }
    reply_listening(frame->sequence, number);
}

static void answer_memory(const link_frame *frame)
{
    board_memory memory;

    board_measure_memory(&memory);
    link_begin(REPLY_MEMORY, frame->sequence);
    link_put_u32(memory.static_bytes);
    link_put_u32(memory.stack_bytes);
    link_put_u32(memory.stack_used);
    link_end();
}

/* A request's payload has `bytes` bytes, and any number of units of `unit` bytes after them. */
static const struct request {
    void (*answer)(const link_frame *frame);
    uint32_t bytes;
    uint32_t unit;
    uint8_t type;
} requests[] = {
    { answer_hello, HELLO_TOKEN_BYTES, 0, REQUEST_HELLO },
    { answer_begin, BEGIN_BYTES, 0, REQUEST_BEGIN },
    { answer_audio, AUDIO_PCM, sizeof(int16_t), REQUEST_AUDIO },
    { answer_end, END_BYTES, 0, REQUEST_END },
    { answer_memory, 0, 0, REQUEST_MEMORY },
    { answer_listen, LISTEN_BYTES, 0, REQUEST_LISTEN },
    { answer_samples, SAMPLES_PCM, sizeof(int16_t), REQUEST_SAMPLES },
    { answer_stop, STOP_BYTES, 0, REQUEST_STOP },
    { health_answer, 0, 0, REQUEST_HEALTH },
#if HAS_PROFILE
    { profile_answer, 0, 0, REQUEST_PROFILE },
#endif
};

static bool length_fits(const struct request *request, uint32_t bytes)
{
    if (request->unit == 0) {
        return bytes == request->bytes;
    }
    return bytes >= request->bytes && (bytes - request->bytes) % request->unit == 0;
}

static void answer(const link_frame *frame)
{
    if (!health_is_sound() && frame->type != REQUEST_HEALTH) {
        reply_error(frame->sequence, ERROR_IMAGE_DAMAGED);
        return;
    }
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        if (requests[i].type != frame->type) {
            continue;
        }
        if (length_fits(&requests[i], frame->payload_bytes)) {
            requests[i].answer(frame);
        } else {
            reply_error(frame->sequence, ERROR_MALFORMED_PAYLOAD);
        }
        return;
    }
    reply_error(frame->sequence, ERROR_UNKNOWN_TYPE);
}

/* Answers a frame if one is complete. False if there was none. */
static bool answer_next(void)
{
    link_frame frame;

    switch (link_receive(&frame)) {
    case LINK_FRAME:
        answer(&frame);
        return true;
    case LINK_DAMAGED:
        reply_error(UNASKED, ERROR_DAMAGED_FRAME);
        return true;
    case LINK_TOO_LONG:
        reply_error(UNASKED, ERROR_FRAME_TOO_LONG);
        return true;
    default:
        return false;
    }
}

/* Unasked, once: a board that starts again and again shows itself by it. Noise of the start may stand before it. */
static void announce_start(void)
{
    static const uint8_t no_token[HELLO_TOKEN_BYTES];
    const link_frame no_request = { .type = REQUEST_HELLO, .payload = no_token, .payload_bytes = HELLO_TOKEN_BYTES };

    link_delimit();
    answer(&no_request);
}

noreturn void session_run(void)
{
    board_feed_watchdog(); /* the image's check takes its time, and a watchdog may have run before a reset */
    (void)health_check();
    announce_start();
    for (;;) {
        board_feed_watchdog();
        const bool answered = answer_next();
        const bool heard = health_is_sound() && live_step(); /* after every frame, so that neither waits for long */

        if (!answered && !heard) {
            board_wait();
        }
    }
}
