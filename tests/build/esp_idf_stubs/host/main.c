/* Starts the main task as ESP-IDF does. The process ends when its standard input does, so that it never outlives the
 * test that started it. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "esp_cpu.h"
#include "sdkconfig.h"

void app_main(void);

static void *watch_input(void *unused)
{
    char ignored[64];

    while (read(STDIN_FILENO, ignored, sizeof ignored) > 0) {
    }
    _exit(EXIT_SUCCESS);
    return unused;
}

esp_cpu_cycle_count_t esp_cpu_get_cycle_count(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    const uint64_t nanoseconds = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    return (esp_cpu_cycle_count_t)(nanoseconds * CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ / 1000u);
}

int main(void)
{
    pthread_t watcher;

    if (pthread_create(&watcher, NULL, watch_input, NULL) != 0) {
        return EXIT_FAILURE;
    }
    app_main();
    return EXIT_FAILURE; /* the session never ends */
}
