#include "fault.h"

#include "watchdog.h"

/* Neither is what RAM holds by chance when power comes. Where there is no record to report, the mark is the kind. */
#define WRITTEN 0x57A7DEADu
#define REPORTED 0x0DD57A7Eu

__attribute__((section(".noinit"))) static struct {
    uint32_t mark;
    reset_record reset;
} record;

void fault_record(reset_kind kind, uint32_t cause, uint32_t program_counter, uint32_t address)
{
    record.reset = (reset_record){ .kind = kind, .cause = cause, .program_counter = program_counter, .address = address };
    record.mark = WRITTEN;
}

void fault_prepare(void)
{
    const reset_kind otherwise = watchdog_has_reset() ? RESET_WATCHDOG : RESET_UNKNOWN;

    record.mark = record.mark == WRITTEN ? REPORTED : (uint32_t)otherwise;
}

void board_last_reset(reset_record *reset)
{
    *reset = record.mark == REPORTED ? record.reset : (reset_record){ .kind = (reset_kind)record.mark };
}
