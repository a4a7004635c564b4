/* API reference, "Error Handling". */
#pragma once

#include <stdio.h>
#include <stdlib.h>

typedef int esp_err_t;

#define ESP_OK 0
#define ESP_FAIL (-1)
#define ESP_ERR_INVALID_ARG 0x102
#define ESP_ERR_INVALID_STATE 0x103

#define ESP_ERROR_CHECK(call) \
    do { \
        const esp_err_t error_ = (call); \
        if (error_ != ESP_OK) { \
            fprintf(stderr, "%s: error %d\n", #call, error_); \
            abort(); \
        } \
    } while (0)
