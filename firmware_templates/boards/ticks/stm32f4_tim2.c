/* TIM2 of an STM32F4, one of its two 32-bit timers, counting up at its input clock (RM0090, chapters 7 and 18). */
#include "ticks.h"

#include <stdint.h>

#include "board.h"
#include "config.h"

#define TIM_CR1 (*(volatile uint32_t *)(TICKS_BASE + 0x00u))
#define TIM_CNT (*(volatile uint32_t *)(TICKS_BASE + 0x24u))
#define TIM_ARR (*(volatile uint32_t *)(TICKS_BASE + 0x2Cu))

#define CR1_ENABLE (1u << 0)
#define LONGEST_PERIOD 0xFFFFFFFFu

#define RCC_APB1ENR (*(volatile uint32_t *)0x40023840u)
#define APB1_TIM2 (1u << 0)

void ticks_init(void)
{
    RCC_APB1ENR |= APB1_TIM2;
    (void)RCC_APB1ENR; /* the clock runs two cycles after it was turned on (errata sheet ES0182) */
    TIM_ARR = LONGEST_PERIOD;
    TIM_CR1 = CR1_ENABLE;
}

uint32_t board_ticks(void)
{
    return TIM_CNT;
}
