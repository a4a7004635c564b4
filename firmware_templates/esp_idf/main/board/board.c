/* The application on ESP-IDF: ESP-IDF's UART driver receives in a task of its own, and the main task runs the session.
 * All that touches the rings runs on the main task's core, so the rings need no lock. */
#include "board.h"

#include <stddef.h>

#include "driver/uart.h"
#include "esp_cpu.h"
#include "esp_err.h"
#include "esp_system.h"
#include "esp_task.h"
#include "esp_task_wdt.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"
#include "sdkconfig.h"

#include "config.h"
#include "receive_ring.h"
#include "session_task.h"

#define LINK_UART UART_NUM_0

/* The driver's buffer only has to bridge the time until the receive task runs: twice the hardware's FIFO. */
#define DRIVER_BUFFER_BYTES (2 * UART_HW_FIFO_LEN(LINK_UART))
#define DRIVER_EVENTS 8
#define NO_SEND_BUFFER 0
#define DEFAULT_INTERRUPT_FLAGS 0

/* Above the main task, so that bytes are taken while the engine computes; below the system's own tasks. */
#define RECEIVE_TASK_PRIORITY (ESP_TASK_MAIN_PRIO + 4)
#define RECEIVE_TASK_STACK_BYTES 2560u
#define CHUNK_BYTES 128u

/* The task watchdog, whose time sdkconfig.defaults gives, wants to hear of the main task while that waits, too. */
#define LONGEST_WAIT_MS 1000u

_Static_assert(TICKS_HZ == CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ * 1000000u,
               "ticks are CPU cycles: TICKS_HZ in config.h must be the frequency chosen in sdkconfig");

/* Bounds of the internal RAM's variables, from ESP-IDF's linker script. */
extern uint8_t _data_start[], _data_end[], _bss_start[], _bss_end[];

int main(void);
void app_main(void);

static TaskHandle_t session_task;
static QueueHandle_t uart_events;

static StaticTask_t receive_task;
static StackType_t receive_task_stack[RECEIVE_TASK_STACK_BYTES / sizeof(StackType_t)];

/* Called by ESP-IDF, in the main task. */
void app_main(void)
{
    (void)main();
}

void session_task_wake(void)
{
    xTaskNotifyGive(session_task);
}

bool session_task_wake_from_isr(void)
{
    BaseType_t woke_more_urgent_task = pdFALSE;

    vTaskNotifyGiveFromISR(session_task, &woke_more_urgent_task);
    return woke_more_urgent_task == pdTRUE;
}

static void take_received_bytes(void)
{
    uint8_t chunk[CHUNK_BYTES];

    for (;;) {
        const int count = uart_read_bytes(LINK_UART, chunk, sizeof chunk, 0);
        if (count <= 0) {
            return;
        }
        for (int i = 0; i < count; i++) {
            ring_put(chunk[i]);
        }
        session_task_wake();
    }
}

/* Any event may have left bytes; which one it was does not matter, for a frame that lost bytes fails its CRC. */
static void receive(void *unused)
{
    uart_event_t event;

    (void)unused;
    for (;;) {
        if (xQueueReceive(uart_events, &event, portMAX_DELAY) == pdTRUE) {
            take_received_bytes();
        }
    }
}

void board_init(void)
{
    const uart_config_t line = {
        .baud_rate = UART_BAUD,
        .data_bits = UART_DATA_8_BITS,
        .parity = UART_PARITY_DISABLE,
        .stop_bits = UART_STOP_BITS_1,
        .flow_ctrl = UART_HW_FLOWCTRL_DISABLE,
        .source_clk = UART_SCLK_DEFAULT,
    };

    session_task = xTaskGetCurrentTaskHandle();
    ESP_ERROR_CHECK(uart_driver_install(LINK_UART, DRIVER_BUFFER_BYTES, NO_SEND_BUFFER, DRIVER_EVENTS, &uart_events,
                                        DEFAULT_INTERRUPT_FLAGS));
    ESP_ERROR_CHECK(uart_param_config(LINK_UART, &line));
    ESP_ERROR_CHECK(
        uart_set_pin(LINK_UART, UART_PIN_TX, UART_PIN_RX, UART_PIN_NO_CHANGE, UART_PIN_NO_CHANGE));
    ESP_ERROR_CHECK(esp_task_wdt_add(session_task));
    (void)xTaskCreateStaticPinnedToCore(receive, "receive", RECEIVE_TASK_STACK_BYTES, NULL, RECEIVE_TASK_PRIORITY,
                                        receive_task_stack, &receive_task, xPortGetCoreID());
}

/* A wake-up that comes before the sleep ends it at once. */
void board_wait(void)
{
    (void)ulTaskNotifyTake(pdTRUE, pdMS_TO_TICKS(LONGEST_WAIT_MS));
}

void board_feed_watchdog(void)
{
    (void)esp_task_wdt_reset();
}

/* Without a send buffer, the driver returns when the last byte is in the hardware's FIFO. */
void board_send(const uint8_t *bytes, uint32_t count)
{
    (void)uart_write_bytes(LINK_UART, bytes, count);
}

uint32_t board_ticks(void)
{
    return esp_cpu_get_cycle_count();
}

static uint32_t bytes_between(const uint8_t *start, const uint8_t *end)
{
    return (uint32_t)((uintptr_t)end - (uintptr_t)start);
}

/* Variables are those of the whole image, ESP-IDF's included; what drivers take from the heap is not counted. The
 * stack is the main task's. */
void board_measure_memory(board_memory *memory)
{
    memory->static_bytes = bytes_between(_data_start, _data_end) + bytes_between(_bss_start, _bss_end);
    memory->stack_bytes = ESP_TASK_MAIN_STACK;
    memory->stack_used = ESP_TASK_MAIN_STACK - uxTaskGetStackHighWaterMark(NULL);
}

/* ESP-IDF's boot loader checks the image, and its panic handler prints what a fault is. */
image_state board_check_image(uint32_t *crc)
{
    *crc = 0;
    return IMAGE_NOT_CHECKED;
}

static reset_kind kind_of(esp_reset_reason_t reason)
{
    switch (reason) {
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT:
        return RESET_WATCHDOG;
    case ESP_RST_PANIC:
        return RESET_ESP_IDF_PANIC;
    default:
        return RESET_UNKNOWN;
    }
}

void board_last_reset(reset_record *reset)
{
    *reset = (reset_record){ .kind = kind_of(esp_reset_reason()) };
}

/* FreeRTOS watches its tasks' stacks. */
bool board_stack_is_sound(void)
{
    return true;
}
