/* Addresses from the linker script, and the paint that shows how much stack was used. */
#ifndef MEMORY_MAP_H
#define MEMORY_MAP_H

#include <stdint.h>

extern uint32_t memory_data_start[], memory_data_end[];
extern const uint32_t memory_data_image[];
extern uint32_t memory_bss_start[], memory_bss_end[];
extern uint32_t memory_stack_bottom[], memory_stack_top[];

#define MEMORY_PAINT 0xC0FFEE11u

/* Words below the painter's own frame that it leaves alone. */
#define MEMORY_PAINT_MARGIN_WORDS 16

#endif
