/* Runs single steps of the generated kernel: on standard input, as often as wanted, the number of a convolution and its
 * input rows; on standard output the rows that it makes. Numbers from W2S_CONV_LAYERS on are the 1x1 convolutions. */

#include "w2s_kernel.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    SLACK = 16, /* behind the rows, as behind the engine's rings */
    LONGEST_ROW = (W2S_MEL_BANDS + 2) * W2S_CHANNELS
};

static void read_bytes(int8_t *to, size_t count)
{
    if (fread(to, 1, count, stdin) != count) {
        abort();
    }
}

static void run_convolution(const w2s_convolution *layer)
{
    static int8_t input[W2S_INPUT_ROWS * LONGEST_ROW + SLACK];
    static int8_t output[W2S_ROWS_AT_ONCE][W2S_MEL_BANDS * W2S_CHANNELS];
    const size_t row_bytes = (layer->bands + 2u) * layer->channels;
    const int8_t *rows[W2S_INPUT_ROWS];
    int8_t *out[W2S_ROWS_AT_ONCE];
    read_bytes(input, W2S_INPUT_ROWS * row_bytes);
    for (size_t i = 0; i < W2S_INPUT_ROWS; i++) {
        rows[i] = &input[i * row_bytes];
    }
    for (size_t i = 0; i < W2S_ROWS_AT_ONCE; i++) {
        out[i] = output[i];
    }
    w2s_convolve(layer, rows, out);
    for (size_t i = 0; i < W2S_ROWS_AT_ONCE; i++) {
        fwrite(out[i], W2S_CHANNELS, layer->bands, stdout);
    }
}

static void run_pixels(const w2s_pointwise *layer)
{
    static int8_t input[LONGEST_ROW]; /* where the engine has it, there is room for a row of twice as many bands */
    static int8_t output[W2S_FEATURES];
    read_bytes(input, W2S_FEATURES);
    w2s_convolve_pixels(layer, input, output);
    fwrite(output, 1, sizeof output, stdout);
}

int main(void)
{
    const w2s_pointwise *const outputs[] = {&w2s_lin, &w2s_sof};
    for (int number = getchar(); number != EOF; number = getchar()) {
        if (number < W2S_CONV_LAYERS) {
            run_convolution(&w2s_trunk[number]);
        } else {
            run_pixels(outputs[number - W2S_CONV_LAYERS]);
        }
    }
    return 0;
}
