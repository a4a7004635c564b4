/* Starts the microphone, takes 200 samples, stops it, sees that nothing comes, and starts it again. Prints of each: the
 * first sample, and how many followed it in order. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "microphone.h"
#include "pcm_ring.h"
#include "session_task.h"

#define SAMPLES 200u
#define STOPPED_MICROSECONDS 20000

static volatile bool woken;

bool session_task_wake_from_isr(void)
{
    woken = true;
    return false;
}

static int16_t next_sample(void)
{
    int16_t sample;

    while (pcm_ring_take(&sample, 1) == 0) {
        usleep(100);
    }
    return sample;
}

static void take(const char *when)
{
    const int16_t first = next_sample();
    unsigned in_order = 1;

    while (in_order < SAMPLES && next_sample() == (int16_t)(first + (int)in_order)) {
        in_order++;
    }
    printf("%s %d %u\n", when, first, woken ? in_order : 0);
}

int main(void)
{
    microphone_start();
    take("started");
    microphone_stop();
    pcm_ring_reset();
    usleep(STOPPED_MICROSECONDS);
    printf("stopped 0 %d\n", !pcm_ring_is_empty());
    microphone_start();
    take("again");
    microphone_stop();
    return 0;
}
