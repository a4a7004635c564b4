/* Start of a program on a bare Cortex-M that reads and writes files of the computer through the emulator. The emulator
 * loads code and data to where they run. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCB_CPACR (*(volatile uint32_t *)0xE000ED88u) /* Armv8-M Architecture Reference Manual, CPACR */
#define CPACR_FULL_ACCESS_CP10_CP11 (0xFu << 20)

extern char stack_top[];
void initialise_monitor_handles(void); /* of newlib's librdimon: opens the standard streams */
int main(int argc, char **argv);

enum {
    SYS_GET_CMDLINE = 0x15, /* Semihosting for AArch32 and AArch64 (Arm, IHI 0100), with its two-word block */
    MOST_ARGUMENTS = 16
};

static void get_command_line(char *text, size_t length)
{
    const struct {
        char *text;
        size_t length;
    } block = {text, length};
    register int operation __asm__("r0") = SYS_GET_CMDLINE;
    register const void *parameters __asm__("r1") = &block;
    __asm__ volatile("bkpt 0xab" : "+r"(operation) : "r"(parameters) : "memory");
}

static int run_main(void)
{
    static char line[256];
    static char *arguments[MOST_ARGUMENTS + 1];
    int count = 0;
    get_command_line(line, sizeof line);
    for (char *word = strtok(line, " "); word != NULL && count < MOST_ARGUMENTS; word = strtok(NULL, " ")) {
        arguments[count++] = word;
    }
    return main(count, arguments);
}

static void start(void)
{
    SCB_CPACR |= CPACR_FULL_ACCESS_CP10_CP11;
    __asm__ volatile("dsb\n isb" ::: "memory");
    initialise_monitor_handles();
    const int status = run_main();
    fflush(NULL);
    _Exit(status);
}

static void fault(void)
{
    _Exit(EXIT_FAILURE);
}

__attribute__((section(".vectors"), used)) static const void *const vectors[] = {
    stack_top, (const void *)start, (const void *)fault, (const void *)fault, /* NMI, HardFault */
    (const void *)fault, (const void *)fault, (const void *)fault,           /* MemManage, BusFault, UsageFault */
};
