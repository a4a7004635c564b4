#include "board.h"
#include "crc32.h"
#include "memory_map.h"

/* Shows how far down the stack has come. */
#define PAINT 0xC0FFEE11u

/* Words below the painter's own frame that it leaves alone. */
#define PAINT_MARGIN_WORDS 16

static void paint_stack(void)
{
    const uint32_t *top = (const uint32_t *)__builtin_frame_address(0) - PAINT_MARGIN_WORDS;

    for (volatile uint32_t *word = memory_stack_bottom; word < top; word++) {
        *word = PAINT;
    }
}

static void clear_variables(void)
{
    for (uint32_t *word = memory_bss_start; word < memory_bss_end; word++) {
        *word = 0;
    }
}

void memory_prepare(void)
{
    paint_stack();
    clear_variables();
}

static uint32_t bytes_between(const uint32_t *start, const uint32_t *end)
{
    return (uint32_t)((uintptr_t)end - (uintptr_t)start);
}

void board_measure_memory(board_memory *memory)
{
    const volatile uint32_t *lowest_used = memory_stack_bottom;

    while (lowest_used < memory_stack_top && *lowest_used == PAINT) {
        lowest_used++;
    }
    memory->static_bytes = (uint32_t)(uintptr_t)memory_static_bytes;
    memory->stack_bytes = bytes_between(memory_stack_bottom, memory_stack_top);
    memory->stack_used = bytes_between((const uint32_t *)lowest_used, memory_stack_top);
}

/* Words, for the memory of code may know no smaller reads. */
static uint32_t crc_of_words(uint32_t crc, const uint32_t *start, const uint32_t *end)
{
    for (const volatile uint32_t *word = start; word < end; word++) {
        const uint32_t value = *word;
        crc = crc32_update(crc, (const uint8_t *)&value, sizeof value);
    }
    return crc;
}

image_state board_check_image(uint32_t *crc)
{
    *crc = crc_of_words(0, memory_code_start, memory_code_end);
    *crc = crc_of_words(*crc, memory_constants_start, memory_image_crc);
    return *crc == *(const volatile uint32_t *)memory_image_crc ? IMAGE_SOUND : IMAGE_DAMAGED;
}

bool board_stack_is_sound(void)
{
    return *(const volatile uint32_t *)memory_stack_bottom == PAINT;
}
