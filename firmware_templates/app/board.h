/* What the application needs of a board. Each board implements these functions and fills the receive ring. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "messages.h"

typedef struct {
    uint32_t static_bytes; /* .data and .bss; the code as well where it is loaded into RAM */
    uint32_t stack_bytes;  /* reserved for the stack; 0 where it is not the image's to reserve */
    uint32_t stack_used;   /* the most the stack has ever held; 0 where it is not measured */
} board_memory;

/* What ended the run before, if anything did but a loss of power or an orderly reset. */
typedef struct {
    reset_kind kind;
    uint32_t cause;           /* the core's own number for it, or its fault status register */
    uint32_t program_counter; /* 0 where it is not known */
    uint32_t address;         /* that could not be accessed, or the stack pointer; 0 where there is none */
} reset_record;

/* Clocks, tick counter and serial line; from here on received bytes go into the ring. */
void board_init(void);

/* To be called within every few seconds: a watchdog, where the chip has one, restarts a board that does not. */
void board_feed_watchdog(void);

/* Sleeps until the receive ring may hold a byte, or the PCM ring a sample. */
void board_wait(void);

/* Sends `count` bytes; returns when the last one has been handed to the hardware. */
void board_send(const uint8_t *bytes, uint32_t count);

/* A free-running counter of TICKS_HZ (config.h). Differences are exact while they fit 32 bits. */
uint32_t board_ticks(void);

void board_measure_memory(board_memory *memory);

/* Computes the CRC-32 of the image's code and constants and compares it with the one the build put beside them. */
image_state board_check_image(uint32_t *crc);

void board_last_reset(reset_record *reset);

/* False once the stack has been full: what lies below it may have been written over. */
bool board_stack_is_sound(void);

#endif
