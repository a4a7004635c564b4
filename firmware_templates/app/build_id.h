/* The identity of this image: a digest of its sources, flags and compiler. */
#ifndef BUILD_ID_H
#define BUILD_ID_H

#include <stdint.h>

#define BUILD_ID_BYTES 8

extern const uint8_t build_id[BUILD_ID_BYTES];

#endif
