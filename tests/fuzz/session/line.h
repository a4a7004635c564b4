/* The line to the board: requests and noise on their way, and how they arrive. */
#ifndef LINE_H
#define LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

/* Bytes as they are. */
void line_send_bytes(const uint8_t *bytes, size_t count);

/* A frame with a right CRC and the next sequence number. */
void line_send_request(wire_frame *request);
void line_send_payload(uint8_t type, const void *payload, uint32_t bytes);
void line_number_from_zero(void);

/* PCM for the window that was begun last, and for the listening, which goes on where the last SAMPLES ended. */
void line_send_audio(uint32_t offset, const uint8_t *pcm, uint32_t bytes);
void line_send_samples(const uint8_t *pcm, uint32_t bytes);

/* How many bytes arrive at once, and whether some also arrive while the board is busy, into a full ring as well. */
void line_set_pace(uint32_t bytes_at_once, bool is_flooded);

bool line_is_empty(void);

/* The board waits, or works. */
void line_deliver(void);
void line_pass(void);

#endif
