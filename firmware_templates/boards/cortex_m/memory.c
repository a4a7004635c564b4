#include "board.h"
#include "memory_map.h"

static uint32_t bytes_between(const uint32_t *start, const uint32_t *end)
{
    return (uint32_t)((uintptr_t)end - (uintptr_t)start);
}

void board_measure_memory(board_memory *memory)
{
    const volatile uint32_t *lowest_used = memory_stack_bottom;

    while (lowest_used < memory_stack_top && *lowest_used == MEMORY_PAINT) {
        lowest_used++;
    }
    memory->static_bytes =
        bytes_between(memory_data_start, memory_data_end) + bytes_between(memory_bss_start, memory_bss_end);
    memory->stack_bytes = bytes_between(memory_stack_bottom, memory_stack_top);
    memory->stack_used = bytes_between((const uint32_t *)lowest_used, memory_stack_top);
}
