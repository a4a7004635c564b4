/* Why the board restarted, in RAM that a reset leaves alone: written by the run that fails, reported by the next. */
#ifndef FAULT_H
#define FAULT_H

#include "board.h"

/* Writes the record; the caller restarts the chip. A program counter that is not known is 0. */
void fault_record(reset_kind kind, uint32_t cause, uint32_t program_counter, uint32_t address);

/* Keeps the record of the run before for this run, and forgets it at the next start; to be called before main. A run that
 * the watchdog has ended without a record is reported as such. */
void fault_prepare(void);

#endif
