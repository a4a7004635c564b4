/* Runs one window through the generated engine: LAYER CHUNK on the command line, PCM16 on standard input;
 * three int32 results on standard output, every tapped row on standard error. Or: sums SUM SQUARES SAMPLES, whose
 * exit status is that of w2s_begin. */

#include "wav2small.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 1 << 20 };

static void write_row(void *context, uint32_t row, const void *data, uint32_t bytes)
{
    uint32_t *next = context;
    if (row != (*next)++) {
        abort();
    }
    fwrite(data, 1, bytes, stderr);
}

int main(int argc, char **argv)
{
    static int16_t pcm[LONGEST];
    static w2s_engine engine;
    uint32_t rows = 0;
    w2s_result result;
    w2s_statistics window = {0};

    if (argc == 5 && strcmp(argv[1], "sums") == 0) {
        window.sum = strtoll(argv[2], 0, 10);
        window.sum_squares = strtoull(argv[3], 0, 10);
        window.samples = (uint32_t)atoi(argv[4]);
        return (int)w2s_begin(&engine, &window);
    }
    const uint32_t samples = (uint32_t)fread(pcm, sizeof pcm[0], LONGEST, stdin);
    const uint32_t chunk = argc > 2 ? (uint32_t)atoi(argv[2]) : samples;
    w2s_statistics_add(&window, pcm, samples);
    w2s_set_tap(&engine, argc > 1 ? (uint8_t)atoi(argv[1]) : W2S_LAYER_NONE, write_row, &rows);
    w2s_status status = w2s_begin(&engine, &window);
    for (uint32_t at = 0; at < samples; at += chunk) {
        w2s_push(&engine, &pcm[at], samples - at < chunk ? samples - at : chunk);
    }
    if (status == W2S_OK) {
        status = w2s_finish(&engine, &result);
    }
    if (status == W2S_OK) {
        fwrite(result.value, sizeof result.value[0], 3, stdout);
    }
    return (int)status;
}
