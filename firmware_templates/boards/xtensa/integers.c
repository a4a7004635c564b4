/* Integer arithmetic that the core has no instructions for and that Debian's libgcc for LX106 leaves out, because
 * the ROM of Espressif's chips has it. Names and meanings are libgcc's (GCC Internals, "Routines for integer
 * arithmetic"); dividing by zero gives 0. */
#include <stdint.h>

uint32_t __udivsi3(uint32_t dividend, uint32_t divisor);
uint32_t __umodsi3(uint32_t dividend, uint32_t divisor);
int32_t __divsi3(int32_t dividend, int32_t divisor);
uint64_t __umulsidi3(uint32_t a, uint32_t b);
int64_t __muldi3(int64_t a, int64_t b);
uint64_t __udivdi3(uint64_t dividend, uint64_t divisor);
int64_t __divdi3(int64_t dividend, int64_t divisor);
uint64_t __udivmoddi4(uint64_t dividend, uint64_t divisor, uint64_t *remainder); /* libgcc has this one */

uint32_t __udivsi3(uint32_t dividend, uint32_t divisor)
{
    uint32_t quotient = 0;

    if (divisor == 0 || dividend < divisor) {
        return 0;
    }
    for (int shift = __builtin_clz(divisor) - __builtin_clz(dividend); shift >= 0; shift--) {
        if (dividend >= divisor << shift) {
            dividend -= divisor << shift;
            quotient |= 1u << shift;
        }
    }
    return quotient;
}

uint32_t __umodsi3(uint32_t dividend, uint32_t divisor)
{
    return dividend - __udivsi3(dividend, divisor) * divisor;
}

static uint32_t magnitude(int32_t value)
{
    return value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
}

int32_t __divsi3(int32_t dividend, int32_t divisor)
{
    const uint32_t quotient = __udivsi3(magnitude(dividend), magnitude(divisor));

    return (int32_t)((dividend < 0) != (divisor < 0) ? 0u - quotient : quotient);
}

/* Schoolbook multiplication in base 2^16: the partial products fit the core's 32-bit multiplier. */
uint64_t __umulsidi3(uint32_t a, uint32_t b)
{
    const uint32_t a_low = a & 0xFFFFu, a_high = a >> 16;
    const uint32_t b_low = b & 0xFFFFu, b_high = b >> 16;
    const uint32_t low = a_low * b_low;
    const uint32_t cross = a_high * b_low + (low >> 16); /* at most 2^32 - 2^16 */
    const uint32_t middle = a_low * b_high + (cross & 0xFFFFu);
    const uint32_t high = a_high * b_high + (cross >> 16) + (middle >> 16);

    return (uint64_t)high << 32 | (middle << 16 | (low & 0xFFFFu));
}

int64_t __muldi3(int64_t a, int64_t b)
{
    const uint32_t a_low = (uint32_t)a, a_high = (uint32_t)((uint64_t)a >> 32);
    const uint32_t b_low = (uint32_t)b, b_high = (uint32_t)((uint64_t)b >> 32);
    const uint32_t cross = a_low * b_high + a_high * b_low;

    return (int64_t)(__umulsidi3(a_low, b_low) + ((uint64_t)cross << 32));
}

uint64_t __udivdi3(uint64_t dividend, uint64_t divisor)
{
    return __udivmoddi4(dividend, divisor, 0);
}

int64_t __divdi3(int64_t dividend, int64_t divisor)
{
    const uint64_t a = dividend < 0 ? 0u - (uint64_t)dividend : (uint64_t)dividend;
    const uint64_t b = divisor < 0 ? 0u - (uint64_t)divisor : (uint64_t)divisor;
    const uint64_t quotient = __udivmoddi4(a, b, 0);

    return (int64_t)((dividend < 0) != (divisor < 0) ? 0u - quotient : quotient);
}
