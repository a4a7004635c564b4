/* Vector table and reset of an Arm Cortex-M (Armv6-M, v7-M and v8-M Architecture Reference Manuals: exception
 * model, System Control Block). */
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "config.h"
#include "memory_map.h"
#include "uart.h"

#define SCB_AIRCR (*(volatile uint32_t *)0xE000ED0Cu) /* Application Interrupt and Reset Control Register */
#define AIRCR_VECTKEY (0x05FAu << 16)
#define AIRCR_SYSRESETREQ (1u << 2)

#define SCB_CPACR (*(volatile uint32_t *)0xE000ED88u) /* Coprocessor Access Control Register */
#define CPACR_FULL_ACCESS_CP10_CP11 (0xFu << 20)

#define SYSTEM_EXCEPTIONS 16

int main(void);
noreturn void board_reset(void);

static void initialise_ram(void)
{
    const uint32_t *source = memory_data_image;

    for (uint32_t *word = memory_data_start; word < memory_data_end; word++) {
        *word = *source++;
    }
    for (uint32_t *word = memory_bss_start; word < memory_bss_end; word++) {
        *word = 0;
    }
}

/* Painted where the stack has not been yet, so that memory.c can see how far down it came. */
static void paint_stack(void)
{
    const uint32_t *top = (const uint32_t *)__builtin_frame_address(0) - MEMORY_PAINT_MARGIN_WORDS;

    for (volatile uint32_t *word = memory_stack_bottom; word < top; word++) {
        *word = MEMORY_PAINT;
    }
}

noreturn void board_reset(void)
{
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    SCB_CPACR |= CPACR_FULL_ACCESS_CP10_CP11;
    __asm__ volatile("dsb\n isb" ::: "memory");
#endif
    paint_stack();
    initialise_ram();
    (void)main();
    for (;;) {
    }
}

/* A fault has no one to turn to on this board: it starts again, and the host sees that its window is gone. */
static noreturn void restart(void)
{
    SCB_AIRCR = AIRCR_VECTKEY | AIRCR_SYSRESETREQ;
    for (;;) {
    }
}

typedef union {
    const void *stack;
    void (*handler)(void);
} vector;

/* Numbers as in the architecture; those that Armv6-M lacks are reserved there. */
__attribute__((section(".vectors"), used))
static const vector vectors[SYSTEM_EXCEPTIONS + UART_RECEIVE_IRQ + 1] = {
    [0] = { .stack = memory_stack_top },
    [1] = { .handler = board_reset },
    [2] = { .handler = restart }, /* NMI */
    [3] = { .handler = restart }, /* HardFault */
    [4] = { .handler = restart }, /* MemManage */
    [5] = { .handler = restart }, /* BusFault */
    [6] = { .handler = restart }, /* UsageFault */
    [7] = { .handler = restart }, /* SecureFault, Armv8-M */
    [11] = { .handler = restart }, /* SVCall */
    [12] = { .handler = restart }, /* DebugMonitor */
    [14] = { .handler = restart }, /* PendSV */
    [15] = { .handler = restart }, /* SysTick */
    [SYSTEM_EXCEPTIONS + UART_RECEIVE_IRQ] = { .handler = uart_receive_interrupt },
};
