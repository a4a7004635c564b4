/* One window of audio: what has arrived, what the engine made of it, and what it cost. */
#ifndef WINDOW_H
#define WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "messages.h"
#include "wav2small.h"

typedef struct {
    uint32_t samples;
    uint32_t pcm_crc;
    uint64_t ticks; /* spent in the engine */
    bool statistics_agree;
    w2s_result values; /* zero unless the statistics agree */
} window_result;

/* The error by which a request is refused when the engine refuses its window; ERROR_NONE if it does not. */
error_code window_refusal(w2s_status status);

/* Opens the window `id` in place of the one before, normalised by the announced sums or by a running estimate that
 * begins with it. ERROR_NONE, or why the engine does not take it. */
error_code window_open(
    uint32_t id, const w2s_statistics *announced, bool running, uint8_t tapped_layer, w2s_tap tap
);

/* Closes the window and lends its engine out, without a tap, until the next window_open. */
w2s_engine *window_lend_engine(void);

bool window_is(uint32_t id);

/* Offset of the first sample that has not arrived. */
uint32_t window_next(void);

bool window_is_complete(void);

/* Takes `count` samples at `offset`; anything but the next samples is ignored. False if they exceed the window. */
bool window_push(uint32_t offset, const int16_t *pcm, uint32_t count);

/* The result of a complete window; computed once, the same whenever it is asked for. */
const window_result *window_finish(void);

#endif
