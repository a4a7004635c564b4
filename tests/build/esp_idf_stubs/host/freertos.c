/* FreeRTOS tasks as POSIX threads. A thread that waits is woken by a condition that all of them share. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "esp_task.h"
#include "esp_task_wdt.h"
#include "freertos/queue.h"
#include "freertos/task.h"

/* The host does not measure a stack; this is what it says of the main task's. */
#define STACK_NEVER_USED 1000u

struct tskTaskControlBlock {
    pthread_t thread;
    TaskFunction_t function;
    void *parameters;
    uint32_t notifications;
};

struct QueueDefinition {
    UBaseType_t length, item_bytes, first, held;
    uint8_t items[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct tskTaskControlBlock main_task;
static _Thread_local TaskHandle_t current;

static void *run(void *argument)
{
    current = argument;
    current->function(current->parameters);
    abort(); /* a FreeRTOS task may not return */
}

TaskHandle_t xTaskCreateStaticPinnedToCore(TaskFunction_t function, const char *name, uint32_t stack_bytes,
                                           void *parameters, UBaseType_t priority, StackType_t *stack,
                                           StaticTask_t *memory, BaseType_t core)
{
    struct tskTaskControlBlock *task = (struct tskTaskControlBlock *)memory;

    _Static_assert(sizeof *task <= sizeof *memory, "StaticTask_t is too small");
    if (name == NULL || stack == NULL || memory == NULL || core != xPortGetCoreID()) {
        return NULL;
    }
    memset(stack, 0xA5, stack_bytes); /* as FreeRTOS does, so that the memory must be there */
    task->function = function;
    task->parameters = parameters;
    task->notifications = 0;
    (void)priority;
    return pthread_create(&task->thread, NULL, run, task) == 0 ? task : NULL;
}

TaskHandle_t xTaskGetCurrentTaskHandle(void)
{
    return current == NULL ? &main_task : current;
}

/* Nothing here is watched; a task that is not may not report, as in ESP-IDF. */
static TaskHandle_t watched;

esp_err_t esp_task_wdt_add(TaskHandle_t task)
{
    watched = task;
    return ESP_OK;
}

esp_err_t esp_task_wdt_reset(void)
{
    return xTaskGetCurrentTaskHandle() == watched ? ESP_OK : ESP_FAIL;
}

BaseType_t xPortGetCoreID(void)
{
    return 0;
}

UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t task)
{
    return task == NULL ? STACK_NEVER_USED : 0;
}

BaseType_t xTaskNotifyGive(TaskHandle_t task)
{
    pthread_mutex_lock(&lock);
    task->notifications++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return pdTRUE;
}

void vTaskNotifyGiveFromISR(TaskHandle_t task, BaseType_t *higher_priority_task_woken)
{
    (void)xTaskNotifyGive(task);
    *higher_priority_task_woken = pdTRUE;
}

static struct timespec time_after(TickType_t milliseconds)
{
    struct timespec end;

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += milliseconds / 1000u;
    end.tv_nsec += (long)(milliseconds % 1000u) * 1000000L;
    if (end.tv_nsec >= 1000000000L) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000L;
    }
    return end;
}

uint32_t ulTaskNotifyTake(BaseType_t clear_on_exit, TickType_t ticks_to_wait)
{
    TaskHandle_t task = xTaskGetCurrentTaskHandle();

    const struct timespec end = time_after(ticks_to_wait);
    int waited = 0;

    pthread_mutex_lock(&lock);
    while (task->notifications == 0 && waited == 0) {
        waited = ticks_to_wait == portMAX_DELAY ? pthread_cond_wait(&changed, &lock)
                                                : pthread_cond_timedwait(&changed, &lock, &end);
    }
    const uint32_t notifications = task->notifications;
    if (notifications > 0) {
        task->notifications = clear_on_exit ? 0 : notifications - 1;
    }
    pthread_mutex_unlock(&lock);
    return notifications;
}

QueueHandle_t xQueueCreate(UBaseType_t length, UBaseType_t item_bytes)
{
    QueueHandle_t queue = calloc(1, sizeof *queue + (size_t)length * item_bytes);

    if (queue != NULL) {
        queue->length = length;
        queue->item_bytes = item_bytes;
    }
    return queue;
}

BaseType_t xQueueSendFromISR(QueueHandle_t queue, const void *item, BaseType_t *higher_priority_task_woken)
{
    pthread_mutex_lock(&lock);
    const BaseType_t fits = queue->held < queue->length ? pdTRUE : pdFALSE;
    if (fits) {
        const UBaseType_t place = (queue->first + queue->held) % queue->length;
        memcpy(queue->items + (size_t)place * queue->item_bytes, item, queue->item_bytes);
        queue->held++;
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
    if (higher_priority_task_woken != NULL) {
        *higher_priority_task_woken = fits;
    }
    return fits;
}

BaseType_t xQueueReceive(QueueHandle_t queue, void *item, TickType_t ticks_to_wait)
{
    pthread_mutex_lock(&lock);
    while (queue->held == 0 && ticks_to_wait == portMAX_DELAY) {
        pthread_cond_wait(&changed, &lock);
    }
    const BaseType_t received = queue->held > 0 ? pdTRUE : pdFALSE;
    if (received) {
        memcpy(item, queue->items + (size_t)queue->first * queue->item_bytes, queue->item_bytes);
        queue->first = (queue->first + 1) % queue->length;
        queue->held--;
    }
    pthread_mutex_unlock(&lock);
    return received;
}
