/* CRC-32 as in zlib, PNG and Ethernet. */
#ifndef CRC32_H
#define CRC32_H

#include <stdint.h>

/* The CRC of `count` bytes that follow those `crc` stands for; 0 stands for none. */
uint32_t crc32_update(uint32_t crc, const uint8_t *bytes, uint32_t count);

#endif
