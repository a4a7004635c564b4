/* Runs images through the backbone: the number of their rows on the command line, one image after the other on
 * standard input, the outputs of each on standard output. */

#include "w2s_internal.h"

#include <stdio.h>
#include <stdlib.h>

enum { OUTPUTS = (int)W2S_LAYER_POOLED - (int)W2S_LAYER_CONV7 - 1 };

void w2s_native_backbone(w2s_engine *engine, const int8_t *image, uint32_t rows, int8_t **outputs);

int main(int argc, char **argv)
{
    const uint32_t rows = argc > 1 ? (uint32_t)atoi(argv[1]) : 0;
    const size_t output_bytes = (rows + 1) / 2 * W2S_FEATURES;
    int8_t *image = malloc((size_t)rows * W2S_MEL_BANDS);
    w2s_engine *engine = malloc(sizeof *engine); /* so that the sanitizer sees what is read beyond it */
    int8_t *written[OUTPUTS];
    for (unsigned i = 0; i < OUTPUTS; i++) {
        written[i] = malloc(output_bytes);
    }
    while (fread(image, W2S_MEL_BANDS, rows, stdin) == rows) {
        int8_t *next[OUTPUTS];
        for (unsigned i = 0; i < OUTPUTS; i++) {
            next[i] = written[i];
        }
        w2s_native_backbone(engine, image, rows, next);
        for (unsigned i = 0; i < OUTPUTS; i++) {
            fwrite(written[i], 1, output_bytes, stdout);
        }
    }
    for (unsigned i = 0; i < OUTPUTS; i++) {
        free(written[i]);
    }
    free(engine);
    free(image);
    return 0;
}
