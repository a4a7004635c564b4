/* Vector table and reset of an Arm Cortex-M (Armv6-M, v7-M and v8-M Architecture Reference Manuals: exception
 * model, System Control Block). */
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "config.h"
#include "memory_map.h"
#include "ticks.h"
#include "uart.h"

#define SCB_AIRCR (*(volatile uint32_t *)0xE000ED0Cu) /* Application Interrupt and Reset Control Register */
#define AIRCR_VECTKEY (0x05FAu << 16)
#define AIRCR_SYSRESETREQ (1u << 2)

#define SCB_CPACR (*(volatile uint32_t *)0xE000ED88u) /* Coprocessor Access Control Register */
#define CPACR_FULL_ACCESS_CP10_CP11 (0xFu << 20)

#define SYSTEM_EXCEPTIONS 16

int main(void);
noreturn void board_reset(void);

noreturn void board_reset(void)
{
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    SCB_CPACR |= CPACR_FULL_ACCESS_CP10_CP11;
    __asm__ volatile("dsb\n isb" ::: "memory");
#endif
    memory_prepare();
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

/* For tick drivers that have none. */
__attribute__((weak, alias("restart"))) void systick_interrupt(void);

typedef union {
    const void *stack;
    void (*handler)(void);
} vector;

/* Numbers as in the architecture; those that Armv6-M lacks are reserved there. */
__attribute__((section(".boot"), used))
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
    [15] = { .handler = systick_interrupt },
    [SYSTEM_EXCEPTIONS + UART_RECEIVE_IRQ] = { .handler = uart_receive_interrupt },
};
