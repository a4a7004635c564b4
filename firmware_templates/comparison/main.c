/* A network that bakenn has compiled, alone on the board: for every byte that arrives it runs once over the same image,
 * and sends ticks, the stack's high-water mark and its output, little-endian. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bknn_backbone.h"
#include "board.h"
#include "image.h"
#include "receive_ring.h"

_Static_assert(IMAGE_BYTES == BKNN_BACKBONE_INPUT_BYTES, "the image is of another length");

static _Alignas(BKNN_BACKBONE_ARENA_ALIGNMENT) uint8_t arena[BKNN_BACKBONE_ARENA_SIZE];
static int8_t input[BKNN_BACKBONE_INPUT_BYTES];
static int8_t output[BKNN_BACKBONE_OUTPUT_BYTES];

static void run_once(void)
{
    board_memory memory;

    memcpy(input, image, sizeof input);
    const uint32_t start = board_ticks();
    bknn_backbone_infer(arena, input, output);
    const uint32_t ticks = board_ticks() - start;
    board_measure_memory(&memory);

    const uint32_t figures[] = { ticks, memory.stack_used };
    board_send((const uint8_t *)figures, sizeof figures);
    board_send((const uint8_t *)output, sizeof output);
}

int main(void)
{
    board_init();
    for (;;) {
        uint8_t byte;

        if (ring_get(&byte)) {
            run_once();
        } else {
            board_wait();
        }
    }
}
