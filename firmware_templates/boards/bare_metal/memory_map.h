/* Addresses from the linker script, and the state of the RAM before main. */
#ifndef MEMORY_MAP_H
#define MEMORY_MAP_H

#include <stdint.h>

extern const uint32_t memory_code_start[], memory_code_end[];
extern const uint32_t memory_constants_start[], memory_image_crc[];
extern uint32_t memory_bss_start[], memory_bss_end[];
extern const uint32_t memory_boot_loader_end[]; /* where there is one: the vector table */
extern uint32_t memory_stack_bottom[], memory_stack_top[];
extern uint32_t memory_guard[]; /* 32 bytes below the stack */

/* Its address is a number: bytes of RAM the image takes without the stack. */
extern const char memory_static_bytes[];

/* Sets variables to zero and paints the stack below the caller; to be called before main. */
void memory_prepare(void);

#endif
