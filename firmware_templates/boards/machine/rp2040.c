/* RP2040 with a serial flash of the W25Q080's kind and a 12 MHz crystal, as on a Raspberry Pi Pico. Sections are those of
 * the RP2040 Datasheet. */
#include "machine.h"

#include <stdint.h>
#include <stdnoreturn.h>

#include "config.h"
#include "memory_map.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

/* Every peripheral has aliases that set or clear bits (2.1.2). */
#define SET_BITS 0x2000u
#define CLEAR_BITS 0x3000u

/* Second-stage boot loader (2.8.1.3): the boot ROM copies it to RAM, checks its checksum and runs it there. It lets the
 * Synchronous Serial Interface (4.10.13) read flash with the command every serial flash knows, so that code runs from
 * there (execute in place), and starts the image behind itself. */
#define SSI_BASE 0x18000000u
#define SSI_CTRLR0 REGISTER(SSI_BASE + 0x00u)
#define SSI_CTRLR1 REGISTER(SSI_BASE + 0x04u)
#define SSI_SSIENR REGISTER(SSI_BASE + 0x08u)
#define SSI_BAUDR REGISTER(SSI_BASE + 0x14u)
#define SSI_SPI_CTRLR0 REGISTER(SSI_BASE + 0xF4u)

#define SSI_CLOCK_DIVISOR 4u /* 31.25 MHz; command 03h takes up to 50 MHz (W25Q080 data sheet, fR) */
#define CTRLR0_FRAME_32_BITS (31u << 16)
#define CTRLR0_READ_AFTER_COMMAND (3u << 8) /* "EEPROM read" */
#define SPI_CTRLR0_COMMAND_8_BITS (2u << 8)
#define SPI_CTRLR0_ADDRESS_24_BITS (6u << 2)
#define SPI_CTRLR0_READ_COMMAND (0x03u << 24)

#define SCB_VTOR REGISTER(0xE000ED08u) /* Vector Table Offset Register (2.4.8) */

__attribute__((section(".boot_loader"), used)) static noreturn void boot_loader(void)
{
    const uint32_t *vectors = memory_boot_loader_end;

    SSI_SSIENR = 0;
    SSI_BAUDR = SSI_CLOCK_DIVISOR;
    SSI_CTRLR0 = CTRLR0_FRAME_32_BITS | CTRLR0_READ_AFTER_COMMAND;
    SSI_CTRLR1 = 0; /* one frame a read */
    SSI_SPI_CTRLR0 = SPI_CTRLR0_READ_COMMAND | SPI_CTRLR0_COMMAND_8_BITS | SPI_CTRLR0_ADDRESS_24_BITS;
    SSI_SSIENR = 1;

    SCB_VTOR = (uint32_t)vectors;
    __asm__ volatile("msr msp, %0\n bx %1" : : "r"(vectors[0]), "r"(vectors[1]));
    __builtin_unreachable();
}

/* Resets (2.14). */
#define RESETS_BASE 0x4000C000u
#define RESETS_RESET_SET REGISTER(RESETS_BASE + SET_BITS)
#define RESETS_RESET_CLEAR REGISTER(RESETS_BASE + CLEAR_BITS)
#define RESETS_DONE REGISTER(RESETS_BASE + 0x08u)

#define RESET_IO_BANK0 (1u << 5)
#define RESET_PADS_BANK0 (1u << 8)
#define RESET_PLL_SYS (1u << 12)
#define RESET_TIMER (1u << 21)
#define RESET_UART0 (1u << 22)
#define RESET_BEHIND_CLOCKS (RESET_IO_BANK0 | RESET_PADS_BANK0 | RESET_TIMER | RESET_UART0)

/* Crystal oscillator (2.16). */
#define XOSC_CTRL REGISTER(0x40024000u)
#define XOSC_STATUS REGISTER(0x40024004u)
#define XOSC_STARTUP REGISTER(0x4002400Cu)
#define XOSC_1_TO_15_MHZ 0xAA0u
#define XOSC_ENABLE (0xFABu << 12)
#define XOSC_STABLE (1u << 31)

#define CRYSTAL_HZ 12000000u
/* A millisecond in units of 256 cycles, rounded up (2.16.3). */
#define XOSC_STARTUP_DELAY ((CRYSTAL_HZ / 1000u + 255u) / 256u)

/* System PLL (2.18): 12 MHz * 125 = 1500 MHz, / 6 / 2 = 125 MHz. */
#define PLL_CS REGISTER(0x40028000u)
#define PLL_PWR_CLEAR REGISTER(0x40028004u + CLEAR_BITS)
#define PLL_FBDIV_INT REGISTER(0x40028008u)
#define PLL_PRIM REGISTER(0x4002800Cu)
#define PLL_REFERENCE_DIVISOR 1u
#define PLL_FEEDBACK 125u
#define PLL_DIVISOR_1 6u
#define PLL_DIVISOR_2 2u
#define PLL_LOCKED (1u << 31)
#define PWR_MAIN_AND_VCO (1u << 0 | 1u << 5)
#define PWR_DIVISORS (1u << 3)
#define PLL_HZ (CRYSTAL_HZ / PLL_REFERENCE_DIVISOR * PLL_FEEDBACK / PLL_DIVISOR_1 / PLL_DIVISOR_2)

_Static_assert(PLL_HZ == UART_CLOCK_HZ, "the UART runs at the system clock");

/* Clocks (2.15). */
#define CLK_REF_CTRL REGISTER(0x40008030u)
#define CLK_REF_SELECTED REGISTER(0x40008038u)
#define CLK_SYS_CTRL REGISTER(0x4000803Cu)
#define CLK_SYS_SELECTED REGISTER(0x40008044u)
#define CLK_PERI_CTRL REGISTER(0x40008048u)
#define REF_FROM_CRYSTAL 2u
#define SYS_FROM_REF 0u
#define SYS_FROM_PLL 1u /* the auxiliary source, of which the PLL is the first */
#define PERI_FROM_SYS (1u << 11)

/* The watchdog's tick, which the timer counts (4.7.2): 1 MHz from the crystal. */
#define WATCHDOG_TICK REGISTER(0x4005802Cu)
#define TICK_ENABLE (1u << 9)
#define TICK_CYCLES (CRYSTAL_HZ / TICKS_HZ)

/* GPIO (2.19.6.1): control register and function of a pin. */
#define IO_BANK0_CTRL(pin) REGISTER(0x40014004u + 8u * (pin))
#define FUNCTION_UART 2u

static void wait_for(volatile const uint32_t *address, uint32_t bits)
{
    while ((*address & bits) != bits) {
    }
}

/* The core runs from the crystal until the PLL does, which may be running already if only the core was reset. */
static void start_crystal(void)
{
    XOSC_STARTUP = XOSC_STARTUP_DELAY;
    XOSC_CTRL = XOSC_1_TO_15_MHZ | XOSC_ENABLE;
    wait_for(&XOSC_STATUS, XOSC_STABLE);
    CLK_REF_CTRL = REF_FROM_CRYSTAL;
    wait_for(&CLK_REF_SELECTED, 1u << REF_FROM_CRYSTAL);
    CLK_SYS_CTRL = SYS_FROM_REF;
    wait_for(&CLK_SYS_SELECTED, 1u << SYS_FROM_REF);
}

static void release_from_reset(uint32_t peripherals)
{
    RESETS_RESET_CLEAR = peripherals;
    wait_for(&RESETS_DONE, peripherals);
}

static void start_pll(void)
{
    PLL_CS = PLL_REFERENCE_DIVISOR;
    PLL_FBDIV_INT = PLL_FEEDBACK;
    PLL_PWR_CLEAR = PWR_MAIN_AND_VCO;
    wait_for(&PLL_CS, PLL_LOCKED);
    PLL_PRIM = PLL_DIVISOR_1 << 16 | PLL_DIVISOR_2 << 12;
    PLL_PWR_CLEAR = PWR_DIVISORS;
    CLK_SYS_CTRL = SYS_FROM_PLL;
    wait_for(&CLK_SYS_SELECTED, 1u << SYS_FROM_PLL);
}

void machine_init(void)
{
    start_crystal();
    RESETS_RESET_SET = RESET_PLL_SYS | RESET_BEHIND_CLOCKS;
    release_from_reset(RESET_PLL_SYS);
    start_pll();
    CLK_PERI_CTRL = PERI_FROM_SYS;
    release_from_reset(RESET_BEHIND_CLOCKS); /* a peripheral is done only once its clock runs */
    WATCHDOG_TICK = TICK_ENABLE | TICK_CYCLES;
    IO_BANK0_CTRL(UART_PIN_TX) = FUNCTION_UART;
    IO_BANK0_CTRL(UART_PIN_RX) = FUNCTION_UART;
}
