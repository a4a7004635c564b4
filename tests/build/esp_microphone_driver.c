/* Runs a generated microphone driver (DRIVER) on this computer: memory stands in for the chip's registers, and this
 * program for the DMA controller, which puts the bytes of standard input into the buffers. The first byte says how many
 * bytes go into one buffer at most. Prints the registers named by arguments, then the samples, one a line. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include DRIVER

#define REGISTERS 0x60000000u
#define REGISTERS_BYTES 0x100000u

void pcm_ring_put(const int16_t *pcm, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        printf("%d\n", pcm[i]);
    }
}

/* As the hardware does, once it has taken the registers over. */
static void *clear_update(void *unused)
{
    for (;;) {
        I2S_RX_CONF &= ~RX_CONF_UPDATE;
    }
    return unused;
}

static uint32_t fill(uint32_t next, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        descriptors[next].buffer[i] = bytes[i];
    }
    descriptors[next].control = BUFFER_BYTES | count << CONTROL_LENGTH_SHIFT;
    for (uint32_t i = 0; i < BUFFERS; i++) {
        if (descriptors[next].next == &descriptors[i]) {
            return i;
        }
    }
    abort();
}

int main(int count, char **names)
{
    void *registers = (void *)(uintptr_t)REGISTERS;
    pthread_t hardware;
    uint8_t bytes[BUFFER_BYTES];
    uint32_t next = 0, waiting = 0;
    size_t got;

    if (mmap(registers, REGISTERS_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
        registers) {
        return 1;
    }
    pthread_create(&hardware, NULL, clear_update, NULL);
    microphone_start();
    for (int i = 1; i < count; i++) {
        printf("%u\n", *(volatile uint32_t *)(uintptr_t)strtoul(names[i], NULL, 0));
    }
    const size_t most = (size_t)getchar() + 1u;
    while ((got = fread(bytes, 1, most, stdin)) > 0) {
        next = fill(next, bytes, (uint32_t)got);
        if (++waiting == BUFFERS - 1u) { /* more than one at times */
            microphone_interrupt();
            waiting = 0;
        }
    }
    microphone_interrupt();
    return 0;
}
