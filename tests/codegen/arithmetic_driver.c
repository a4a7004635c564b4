/* The engine's inline arithmetic as functions of a library. */

#include "w2s_fixed_point.h"
#include "w2s_lanes.h"

int64_t product(int32_t a, int32_t b)
{
    return w2s_product(a, b);
}

uint64_t power(int32_t re, int32_t im)
{
    return w2s_power(re, im);
}

uint64_t weigh(uint64_t value, uint16_t weight)
{
    return w2s_weigh(value, weight);
}

unsigned leading_zeros(uint32_t value)
{
    return w2s_leading_zeros(value);
}

unsigned bit_length(uint64_t value)
{
    return w2s_bit_length(value);
}

int32_t log2_q16(uint64_t value)
{
    return w2s_log2(value);
}

int32_t scale(int32_t value, int bits)
{
    return w2s_scale(value, bits);
}

int32_t add_cosine(int32_t sum, int32_t value, unsigned k)
{
    return w2s_add_cosine(sum, value, w2s_turn_load(&w2s_twiddle[k], 1));
}

int32_t add_sine(int32_t sum, int32_t value, unsigned k)
{
    return w2s_add_sine(sum, value, w2s_turn_load(&w2s_twiddle[k], 1));
}
