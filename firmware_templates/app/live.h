/* Live audio: windows that follow one another without a gap, each with its result, normalised by a running estimate.
 * The samples come from the microphone, or in its place from the host. */
#ifndef LIVE_H
#define LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "messages.h"
#include "wav2small.h"

typedef struct {
    uint32_t index; /* windows before this one */
    w2s_result values;
    uint32_t samples;
    uint32_t pcm_crc;
    uint64_t ticks; /* spent in the engine */
} live_result;

/* Receives the result of every window of the listening `number`. */
typedef void (*live_show)(uint32_t number, const live_result *result);

/* Where a listening stands, or stood when it was stopped, in samples since its start. */
typedef struct {
    uint32_t next;    /* offset of the first sample that has not arrived */
    uint32_t waiting; /* samples that have arrived and that the engine has not taken */
    uint32_t dropped; /* lost on the way here, or for want of time */
} live_progress;

/* Starts the listening `number`, with a result every `samples` samples, in place of a window or another listening.
 * ERROR_NONE, or why it cannot be. */
error_code live_start(uint32_t number, uint32_t samples, bool from_host, live_show show);

bool live_is(uint32_t number);

void live_stop(void);

/* Takes the host's samples at `offset`. Samples before it that have not arrived are lost; older ones are ignored. */
void live_put(uint32_t offset, const int16_t *pcm, uint32_t count);

/* Runs at most a hop of what has arrived through the engine. False if there was nothing. */
bool live_step(void);

void live_measure(live_progress *progress);

#endif
