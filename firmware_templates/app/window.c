#include "window.h"

#include <stddef.h>

#include "board.h"
#include "crc32.h"

/* The PCM's CRC is taken over the samples as they lie in memory, and they arrive little-endian. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a little-endian core is needed");

/* The one engine of the image, and what a window of a stream without pass 1 is normalised by. */
static w2s_engine engine;
static w2s_running estimate;

static struct {
    uint32_t id;
    bool is_open;
    bool is_finished;
    w2s_statistics announced;
    w2s_statistics received;
    window_result result;
} window;

error_code window_refusal(w2s_status status)
{
    switch (status) {
    case W2S_OK:
        return ERROR_NONE;
    case W2S_TOO_SHORT:
        return ERROR_WINDOW_TOO_SHORT;
    case W2S_TOO_LONG:
        return ERROR_WINDOW_TOO_LONG;
    default:
        return ERROR_IMPOSSIBLE_SUMS;
    }
}

static w2s_status begin(const w2s_statistics *announced, bool running)
{
    static const w2s_running nothing = { 0 };

    if (!running) {
        return w2s_begin(&engine, announced);
    }
    estimate = nothing;
    return w2s_begin_running(&engine, &estimate, announced->samples);
}

error_code window_open(
    uint32_t id, const w2s_statistics *announced, bool running, uint8_t tapped_layer, w2s_tap tap
)
{
    static const w2s_statistics none = { 0 };
    static const window_result no_result = { 0 };
    const bool tapping = tapped_layer != W2S_LAYER_NONE;

    window.is_open = false;
    if (tapping && tapped_layer >= W2S_LAYER_COUNT) {
        return ERROR_NO_SUCH_LAYER;
    }
    w2s_set_tap(&engine, tapped_layer, tapping ? tap : NULL, NULL);

    const uint32_t start = board_ticks();
    const w2s_status status = begin(announced, running);
    const uint32_t ticks = board_ticks() - start;
    if (status != W2S_OK) {
        return window_refusal(status);
    }

    window.id = id;
    window.is_open = true;
    window.is_finished = false;
    window.announced = *announced;
    window.received = none;
    window.result = no_result;
    window.result.ticks = ticks;
    return ERROR_NONE;
}

w2s_engine *window_lend_engine(void)
{
    window.is_open = false;
    w2s_set_tap(&engine, W2S_LAYER_NONE, NULL, NULL);
    return &engine;
}

bool window_is(uint32_t id)
{
    return window.is_open && window.id == id;
}

uint32_t window_next(void)
{
    return window.received.samples;
}

bool window_is_complete(void)
{
    return window.received.samples == window.announced.samples;
}

bool window_push(uint32_t offset, const int16_t *pcm, uint32_t count)
{
    if (offset != window.received.samples) {
        return true;
    }
    if (count > window.announced.samples - offset) {
        return false;
    }
    w2s_statistics_add(&window.received, pcm, count);
    window.result.pcm_crc = crc32_update(window.result.pcm_crc, (const uint8_t *)pcm, count * sizeof *pcm);

    const uint32_t start = board_ticks();
    w2s_push(&engine, pcm, count);
    window.result.ticks += board_ticks() - start;
    return true;
}

static bool statistics_agree(void)
{
    return window.received.sum == window.announced.sum && window.received.sum_squares == window.announced.sum_squares;
}

const window_result *window_finish(void)
{
    if (!window.is_finished) {
        w2s_result values;
        const uint32_t start = board_ticks();
        const w2s_status status = w2s_finish(&engine, &values);

        window.result.ticks += board_ticks() - start;
        window.result.samples = window.received.samples;
        window.result.statistics_agree = status == W2S_OK && statistics_agree();
        if (window.result.statistics_agree) {
            window.result.values = values;
        }
        window.is_finished = true;
    }
    return &window.result;
}
