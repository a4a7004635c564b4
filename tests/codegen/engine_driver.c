/* Runs one window through the generated engine: LAYER CHUNK on the command line, PCM16 on standard input;
 * three int32 results on standard output, every tapped row on standard error. Or: running LAYER CHUNK WINDOW..., as
 * many windows of a stream as lengths are given, with the results and rows of them all. Or: sums SUM SQUARES SAMPLES,
 * whose exit status is that of w2s_begin. */

#include "wav2small.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef LONGEST
#define LONGEST (1 << 20) /* samples */
#endif

static void write_row(void *context, uint32_t row, const void *data, uint32_t bytes)
{
    uint32_t *next = context;
    if (row == 0) {
        *next = 0; /* of a new window */
    }
    if (row != (*next)++) {
        abort();
    }
    fwrite(data, 1, bytes, stderr);
}

static void push(w2s_engine *engine, const int16_t *pcm, uint32_t samples, uint32_t chunk)
{
    for (uint32_t at = 0; at < samples; at += chunk) {
        w2s_push(engine, &pcm[at], samples - at < chunk ? samples - at : chunk);
    }
}

static w2s_status finish(w2s_engine *engine)
{
    w2s_result result;
    const w2s_status status = w2s_finish(engine, &result);
    if (status == W2S_OK) {
        fwrite(result.value, sizeof result.value[0], 3, stdout);
    }
    return status;
}

static w2s_status run_stream(w2s_engine *engine, const int16_t *pcm, uint32_t chunk, char **windows)
{
    w2s_running running = {0};
    w2s_status status = W2S_OK;
    for (; *windows != 0 && status == W2S_OK; windows++) {
        const uint32_t samples = (uint32_t)atoi(*windows);
        status = w2s_begin_running(engine, &running, samples);
        if (status == W2S_OK) {
            push(engine, pcm, samples, chunk);
            status = finish(engine);
            pcm += samples;
        }
    }
    return status;
}

int main(int argc, char **argv)
{
    static int16_t pcm[LONGEST];
    static w2s_engine engine;
    uint32_t rows = 0;
    w2s_statistics window = {0};

    if (argc == 5 && strcmp(argv[1], "sums") == 0) {
        window.sum = strtoll(argv[2], 0, 10);
        window.sum_squares = strtoull(argv[3], 0, 10);
        window.samples = (uint32_t)atoi(argv[4]);
        return (int)w2s_begin(&engine, &window);
    }
    const uint32_t samples = (uint32_t)fread(pcm, sizeof pcm[0], LONGEST, stdin);
    if (argc > 4 && strcmp(argv[1], "running") == 0) {
        w2s_set_tap(&engine, (uint8_t)atoi(argv[2]), write_row, &rows);
        return (int)run_stream(&engine, pcm, (uint32_t)atoi(argv[3]), &argv[4]);
    }
    w2s_statistics_add(&window, pcm, samples);
    w2s_set_tap(&engine, argc > 1 ? (uint8_t)atoi(argv[1]) : W2S_LAYER_NONE, write_row, &rows);
    const w2s_status status = w2s_begin(&engine, &window);
    push(&engine, pcm, samples, argc > 2 ? (uint32_t)atoi(argv[2]) : samples);
    return (int)(status == W2S_OK ? finish(&engine) : status);
}
