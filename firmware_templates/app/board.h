/* What the application needs of a board. Each board implements these five functions and fills the receive ring. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

typedef struct {
    uint32_t static_bytes; /* .data and .bss; the code as well where it is loaded into RAM */
    uint32_t stack_bytes;  /* reserved for the stack; 0 where it is not the image's to reserve */
    uint32_t stack_used;   /* the most the stack has ever held; 0 where it is not measured */
} board_memory;

/* Clocks, tick counter and serial line; from here on received bytes go into the ring. */
void board_init(void);

/* Sleeps until the receive ring may hold a byte, or the PCM ring a sample. */
void board_wait(void);

/* Sends `count` bytes; returns when the last one has been handed to the hardware. */
void board_send(const uint8_t *bytes, uint32_t count);

/* A free-running counter of TICKS_HZ (config.h). Differences are exact while they fit 32 bits. */
uint32_t board_ticks(void);

void board_measure_memory(board_memory *memory);

#endif
