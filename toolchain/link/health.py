"""What ended a board's run, in words."""

from collections.abc import Mapping

from toolchain.link.protocol import HealthReply, ResetKind

#: Bits of the Configurable Fault Status Register (Armv7-M Architecture Reference Manual, B3.2.15; Armv8-M, D1.2.32).
_CORTEX_M = {
    0: "an instruction fetch that is not allowed",
    1: "a data access that is not allowed",
    3: "a return from an exception that is not allowed",
    4: "a push onto the stack that is not allowed",
    8: "a bus error of an instruction fetch",
    9: "a bus error of a data access",
    10: "a bus error of an earlier write",
    11: "a bus error of a return from an exception",
    12: "a bus error of a push onto the stack",
    16: "an undefined instruction",
    17: "an invalid processor state",
    18: "an invalid return from an exception",
    19: "an absent coprocessor",
    20: "a stack limit",
    24: "an unaligned access",
    25: "a division by zero",
}

#: mcause (The RISC-V Instruction Set Manual, volume II, 3.1.15).
_RISCV = {
    0: "a misaligned instruction address",
    1: "an instruction fetch that is not allowed",
    2: "an illegal instruction",
    3: "a breakpoint",
    4: "a misaligned load",
    5: "a load that is not allowed",
    6: "a misaligned store",
    7: "a store that is not allowed",
}

#: EXCCAUSE (Xtensa Instruction Set Architecture Reference Manual, "Exception Causes").
_XTENSA = {
    0: "an illegal instruction",
    2: "an instruction fetch error",
    3: "a load or store error",
    6: "a division by zero",
    9: "a misaligned load or store",
    20: "an instruction fetch that is not allowed",
    28: "a load that is not allowed",
    29: "a store that is not allowed",
}


def describe_reset(health: HealthReply) -> str:
    """Say what ended the board's run before this one: "" if that was no fault."""
    match health.reset:
        case ResetKind.UNKNOWN:
            return ""
        case ResetKind.CORTEX_M_FAULT:
            return f"{_fault_status(health.cause)}{_place(health)}"
        case ResetKind.RISCV_TRAP:
            return f"{_numbered(_RISCV, health.cause)}{_place(health)}"
        case ResetKind.XTENSA_EXCEPTION:
            return f"{_numbered(_XTENSA, health.cause)}{_place(health)}"
        case ResetKind.WATCHDOG:
            return f"its watchdog{_place(health)}"
        case ResetKind.STACK_OVERFLOW:
            return f"a stack overflow{_place(health)}"
        case ResetKind.ESP_IDF_PANIC:
            return "a panic, which ESP-IDF prints on its console"
        case _:
            return f"a fault of the unknown kind {health.reset}"


def _fault_status(status: int) -> str:
    meanings = [text for bit, text in _CORTEX_M.items() if status >> bit & 1]
    return meanings[0] if meanings else "a hard fault"


def _numbered(meanings: Mapping[int, str], cause: int) -> str:
    return meanings.get(cause, f"exception {cause}")


def _place(health: HealthReply) -> str:
    place = f" at 0x{health.program_counter:08X}" if health.program_counter else ""
    return f"{place}, address 0x{health.address:08X}" if health.address else place
