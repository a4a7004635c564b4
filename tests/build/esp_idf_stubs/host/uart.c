/* ESP-IDF's UART driver on a pseudo-terminal: a thread stands for the receive interrupt. It fills a buffer of the size
 * asked for and posts an event for what it stored. A pseudo-terminal has no baud rate: bytes that do not fit wait. */
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE

#include "driver/uart.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static struct {
    int line;
    QueueHandle_t events;
    uint8_t *bytes;
    size_t size, first, held;
    const char *name;
    int baud;
} uart;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define RETRY_MICROSECONDS 100

/* Returns how many bytes there was room for. */
static size_t store(const uint8_t *bytes, size_t count)
{
    pthread_mutex_lock(&lock);
    const size_t fitting = count < uart.size - uart.held ? count : uart.size - uart.held;
    for (size_t i = 0; i < fitting; i++) {
        uart.bytes[(uart.first + uart.held++) % uart.size] = bytes[i];
    }
    pthread_mutex_unlock(&lock);
    return fitting;
}

static void *receive(void *unused)
{
    uint8_t fifo[UART_HW_FIFO_LEN(UART_NUM_0)];

    (void)unused;
    for (;;) {
        const ssize_t count = read(uart.line, fifo, sizeof fifo);
        if (count <= 0) {
            abort();
        }
        for (size_t stored = 0; stored < (size_t)count;) {
            const size_t fitting = store(fifo + stored, (size_t)count - stored);
            const uart_event_t event = { .type = UART_DATA, .size = fitting };
            if (fitting == 0) {
                usleep(RETRY_MICROSECONDS);
            } else {
                (void)xQueueSendFromISR(uart.events, &event, NULL);
            }
            stored += fitting;
        }
    }
    return NULL;
}

static esp_err_t open_line(void)
{
    struct termios settings;

    uart.line = posix_openpt(O_RDWR | O_NOCTTY);
    if (uart.line < 0 || grantpt(uart.line) != 0 || unlockpt(uart.line) != 0) {
        return ESP_FAIL;
    }
    uart.name = ptsname(uart.line);
    /* Held open, so that the line survives the host's coming and going. */
    const int host_end = open(uart.name, O_RDWR | O_NOCTTY);
    if (host_end < 0 || tcgetattr(host_end, &settings) != 0) {
        return ESP_FAIL;
    }
    cfmakeraw(&settings);
    return tcsetattr(host_end, TCSANOW, &settings) == 0 ? ESP_OK : ESP_FAIL;
}

/* "Rx_buffer_size should be greater than UART_HW_FIFO_LEN", "Tx_buffer_size should be either zero or greater". */
esp_err_t uart_driver_install(uart_port_t uart_num, int rx_buffer_size, int tx_buffer_size, int queue_size,
                              QueueHandle_t *uart_queue, int intr_alloc_flags)
{
    const int fifo_bytes = UART_HW_FIFO_LEN(uart_num);

    if (uart.bytes != NULL || uart_num != UART_NUM_0 || rx_buffer_size <= fifo_bytes ||
        (tx_buffer_size != 0 && tx_buffer_size <= fifo_bytes) || queue_size < 1 || intr_alloc_flags != 0) {
        return ESP_FAIL;
    }
    uart.size = (size_t)rx_buffer_size;
    uart.bytes = malloc(uart.size);
    uart.events = xQueueCreate((UBaseType_t)queue_size, sizeof(uart_event_t));
    *uart_queue = uart.events;
    return open_line();
}

esp_err_t uart_param_config(uart_port_t uart_num, const uart_config_t *uart_config)
{
    if (uart_num != UART_NUM_0 || uart_config->data_bits != UART_DATA_8_BITS ||
        uart_config->parity != UART_PARITY_DISABLE || uart_config->stop_bits != UART_STOP_BITS_1) {
        return ESP_FAIL;
    }
    uart.baud = uart_config->baud_rate;
    return ESP_OK;
}

/* The line is complete now: its name, and how it was set up, are printed. */
esp_err_t uart_set_pin(uart_port_t uart_num, int tx_io_num, int rx_io_num, int rts_io_num, int cts_io_num)
{
    pthread_t interrupt;

    if (uart.bytes == NULL || rts_io_num != UART_PIN_NO_CHANGE || cts_io_num != UART_PIN_NO_CHANGE) {
        return ESP_FAIL;
    }
    printf("%s\nUART%d, %d baud, TX %d, RX %d\n", uart.name, uart_num, uart.baud, tx_io_num, rx_io_num);
    fflush(stdout);
    return pthread_create(&interrupt, NULL, receive, NULL) == 0 ? ESP_OK : ESP_FAIL;
}

/* Only without waiting, as the firmware uses it. */
int uart_read_bytes(uart_port_t uart_num, void *buf, uint32_t length, TickType_t ticks_to_wait)
{
    uint8_t *bytes = buf;
    uint32_t count = 0;

    if (uart_num != UART_NUM_0 || ticks_to_wait != 0) {
        return -1;
    }
    pthread_mutex_lock(&lock);
    for (; count < length && uart.held > 0; count++, uart.held--) {
        bytes[count] = uart.bytes[uart.first];
        uart.first = (uart.first + 1) % uart.size;
    }
    pthread_mutex_unlock(&lock);
    return (int)count;
}

int uart_write_bytes(uart_port_t uart_num, const void *src, size_t size)
{
    const uint8_t *bytes = src;
    size_t sent = 0;

    while (uart_num == UART_NUM_0 && sent < size) {
        const ssize_t written = write(uart.line, bytes + sent, size - sent);
        if (written < 0) {
            return -1;
        }
        sent += (size_t)written;
    }
    return (int)sent;
}
