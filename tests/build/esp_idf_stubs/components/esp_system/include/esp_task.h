/* Priority and stack of ESP-IDF's main task; the stack may have some bytes over what the setting says. */
#pragma once

#include "sdkconfig.h"

#define ESP_TASK_PRIO_MIN (0)
#define ESP_TASK_MAIN_PRIO (ESP_TASK_PRIO_MIN + 1)
#define TASK_EXTRA_STACK_SIZE (512)
#define ESP_TASK_MAIN_STACK (CONFIG_ESP_MAIN_TASK_STACK_SIZE + TASK_EXTRA_STACK_SIZE)
