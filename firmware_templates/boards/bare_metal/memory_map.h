/* Addresses from the linker script, and the state of the RAM before main. */
#ifndef MEMORY_MAP_H
#define MEMORY_MAP_H

#include <stdint.h>

extern uint32_t memory_data_start[], memory_data_end[];
extern const uint32_t memory_data_image[];
extern uint32_t memory_bss_start[], memory_bss_end[];
extern const uint32_t memory_boot_loader_end[]; /* where there is one: the vector table */
extern uint32_t memory_stack_bottom[], memory_stack_top[];

/* Its address is a number: bytes of RAM the image takes without the stack. */
extern const char memory_static_bytes[];

/* Gives variables their initial values and paints the stack below the caller; to be called before main. */
void memory_prepare(void);

#endif
