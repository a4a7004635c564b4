/* nRF52840 with a 32 MHz crystal and the inductor of the DC/DC converter, as on the nRF52840-DK (nRF52840 Product
 * Specification 1.7, "CLOCK", "POWER" and "NVMC"). */
#include "machine.h"

#include <stdint.h>

#define CLOCK_HFCLKSTART (*(volatile uint32_t *)0x40000000u)
#define CLOCK_HFCLKSTARTED (*(volatile uint32_t *)0x40000100u)
#define POWER_DCDCEN (*(volatile uint32_t *)0x40000578u)
#define NVMC_ICACHECNF (*(volatile uint32_t *)0x4001E540u)

#define DCDCEN_ENABLED 1u
#define ICACHECNF_ENABLED 1u

void machine_init(void)
{
    POWER_DCDCEN = DCDCEN_ENABLED;
    NVMC_ICACHECNF = ICACHECNF_ENABLED;

    /* The internal oscillator may be off by 8 % (fTOL_HFINT), more than a UART stands; the crystal, by 60 ppm. */
    CLOCK_HFCLKSTARTED = 0;
    CLOCK_HFCLKSTART = 1;
    while (!CLOCK_HFCLKSTARTED) {
    }
}
