/* Frames on the serial line: COBS, CRC-32 and a sequence number. The format is in docs/wire-format.md. */
#ifndef LINK_H
#define LINK_H

#include <stdint.h>

#include "config.h"

#define LINK_HEADER_BYTES 2u /* type, sequence */
#define LINK_CRC_BYTES 4u
#define LINK_AUDIO_HEADER_BYTES 8u /* window or listening, offset */

/* The longest request: a full AUDIO frame. */
#define LINK_CONTENT_LIMIT \
    (LINK_HEADER_BYTES + LINK_AUDIO_HEADER_BYTES + 2u * AUDIO_FRAME_SAMPLES + LINK_CRC_BYTES)

/* Part of the ring that the host keeps free for the frame that brings a damaged line back into step. */
#define LINK_RECOVERY_BYTES 64u
#define LINK_CREDIT (RECEIVE_RING_BYTES - LINK_RECOVERY_BYTES)

typedef struct {
    uint8_t type;
    uint8_t sequence;
    const uint8_t *payload; /* 2-byte aligned; valid until the next call of link_receive */
    uint32_t payload_bytes;
} link_frame;

typedef enum { LINK_NOTHING, LINK_FRAME, LINK_DAMAGED, LINK_TOO_LONG } link_event;

/* Takes bytes out of the receive ring up to the end of a frame. LINK_NOTHING: no frame is complete yet. */
link_event link_receive(link_frame *frame);

/* A reply is sent in pieces: link_begin, any number of link_put..., link_end. */
void link_begin(uint8_t type, uint8_t sequence);
void link_put(const void *bytes, uint32_t count);
void link_put_u8(uint8_t value);
void link_put_u16(uint16_t value);
void link_put_u32(uint32_t value);
void link_put_u64(uint64_t value);
void link_put_string(const char *text); /* at most 255 bytes */
void link_end(void);

/* Ends whatever has been sent before, so that it does not spoil the next reply. */
void link_delimit(void);

/* Little-endian integers in a received payload. */
uint32_t link_get_u32(const uint8_t *bytes);
uint64_t link_get_u64(const uint8_t *bytes);

#endif
