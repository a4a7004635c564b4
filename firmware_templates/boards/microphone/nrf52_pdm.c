/* A PDM microphone on an nRF52840 (nRF52840 Product Specification 1.7, "PDM" and "GPIO"), whose clock comes from the
 * crystal that the machine started. The microphone's select input is low: it is the left one. Pins are counted through
 * the ports: P1.00 is 32. */
#include "microphone.h"

#include <stdint.h>

#include "config.h"
#include "pcm_ring.h"

#define PDM_REGISTER(offset) (*(volatile uint32_t *)(MICROPHONE_BASE + (offset)))

#define PDM_START PDM_REGISTER(0x000u)
#define PDM_STOP PDM_REGISTER(0x004u)
#define PDM_STARTED PDM_REGISTER(0x100u)
#define PDM_STOPPED PDM_REGISTER(0x104u)
#define PDM_END PDM_REGISTER(0x108u)
#define PDM_INTENSET PDM_REGISTER(0x304u)
#define PDM_INTENCLR PDM_REGISTER(0x308u)
#define PDM_ENABLE PDM_REGISTER(0x500u)
#define PDM_PDMCLKCTRL PDM_REGISTER(0x504u)
#define PDM_MODE PDM_REGISTER(0x508u)
#define PDM_RATIO PDM_REGISTER(0x520u)
#define PDM_PSEL_CLK PDM_REGISTER(0x540u)
#define PDM_PSEL_DIN PDM_REGISTER(0x544u)
#define PDM_SAMPLE_PTR PDM_REGISTER(0x560u)
#define PDM_SAMPLE_MAXCNT PDM_REGISTER(0x564u)

/* 32 MHz / 25 = 1.28 MHz, and 80 of its cycles a sample: 16 kHz exactly. */
#define PDMCLKCTRL_1280_KHZ 0x0A000000u
#define RATIO_80 1u
#define MODE_MONO_LEFT_AT_FALLING_EDGE 1u
#define INTEN_STARTED (1u << 0)
#define INTEN_END (1u << 2)

#define PINS_PER_PORT 32u
#define GPIO_PORT(pin) (0x50000000u + 0x300u * ((pin) / PINS_PER_PORT))
#define GPIO_OUTCLR(pin) (*(volatile uint32_t *)(GPIO_PORT(pin) + 0x50Cu))
#define GPIO_DIRSET(pin) (*(volatile uint32_t *)(GPIO_PORT(pin) + 0x518u))
#define GPIO_PIN_CNF(pin) (*(volatile uint32_t *)(GPIO_PORT(pin) + 0x700u + 4u * ((pin) % PINS_PER_PORT)))
#define GPIO_BIT(pin) (1u << ((pin) % PINS_PER_PORT))
#define PIN_CNF_INPUT 0u /* connected, without pull resistor */

/* 8 ms, a whole number of words. While one is filled, the other is emptied. */
#define BUFFER_SAMPLES 128u
#define BUFFERS 2u

static int16_t buffers[BUFFERS][BUFFER_SAMPLES] __attribute__((aligned(4)));
static uint32_t next_to_fill;
static uint32_t next_to_empty;

static void offer_buffer(void)
{
    PDM_SAMPLE_PTR = (uint32_t)buffers[next_to_fill];
    next_to_fill = (next_to_fill + 1u) % BUFFERS;
}

static void configure_pins(void)
{
    GPIO_OUTCLR(MICROPHONE_PIN_CLK) = GPIO_BIT(MICROPHONE_PIN_CLK);
    GPIO_DIRSET(MICROPHONE_PIN_CLK) = GPIO_BIT(MICROPHONE_PIN_CLK);
    GPIO_PIN_CNF(MICROPHONE_PIN_DIN) = PIN_CNF_INPUT;
    PDM_PSEL_CLK = MICROPHONE_PIN_CLK;
    PDM_PSEL_DIN = MICROPHONE_PIN_DIN;
}

void microphone_start(void)
{
    configure_pins();
    PDM_PDMCLKCTRL = PDMCLKCTRL_1280_KHZ;
    PDM_RATIO = RATIO_80;
    PDM_MODE = MODE_MONO_LEFT_AT_FALLING_EDGE;
    PDM_SAMPLE_MAXCNT = BUFFER_SAMPLES;
    next_to_fill = 0;
    next_to_empty = 0;
    offer_buffer();

    PDM_STARTED = 0;
    PDM_END = 0;
    PDM_INTENSET = INTEN_STARTED | INTEN_END;
    PDM_ENABLE = 1;
    PDM_START = 1;
}

void microphone_stop(void)
{
    PDM_INTENCLR = INTEN_STARTED | INTEN_END;
    PDM_STOPPED = 0;
    PDM_STOP = 1;
    while (!PDM_STOPPED) {
    }
    PDM_ENABLE = 0;
}

/* A buffer that is full comes before the start of the next one, for which the pointer has been taken over by then. */
void microphone_interrupt(void)
{
    if (PDM_END) {
        PDM_END = 0;
        pcm_ring_put(buffers[next_to_empty], BUFFER_SAMPLES);
        next_to_empty = (next_to_empty + 1u) % BUFFERS;
    }
    if (PDM_STARTED) {
        PDM_STARTED = 0;
        offer_buffer();
    }
}
