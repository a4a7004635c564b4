/* API reference, "FreeRTOS (IDF)": types. Stacks are counted in bytes. */
#pragma once

#include <stdint.h>

typedef int BaseType_t;
typedef unsigned int UBaseType_t;
typedef uint32_t TickType_t;
typedef uint8_t StackType_t;

typedef struct {
    uint8_t opaque[352];
} StaticTask_t;

#define pdFALSE ((BaseType_t)0)
#define pdTRUE ((BaseType_t)1)
#define portMAX_DELAY ((TickType_t)0xFFFFFFFFu)
#define pdMS_TO_TICKS(milliseconds) ((TickType_t)(milliseconds)) /* at 1000 Hz */

BaseType_t xPortGetCoreID(void);
