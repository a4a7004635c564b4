/* A digital microphone on I2S: 24 bits in slots of 32, Philips format, in the left slot, as MEMS microphones whose
 * channel pin is low send it. */
#include "microphone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver/i2s_std.h"
#include "esp_err.h"

#include "config.h"
#include "pcm_ring.h"
#include "session_task.h"

#define SAMPLE_RATE_HZ 16000u

/* Each buffer is 8 ms of audio; the second fills while the first is emptied. */
#define DMA_BUFFERS 2u
#define DMA_BUFFER_FRAMES 128u

/* The upper 16 of a slot's 32 bits; what they cut off is below the noise of such microphones. */
#define SAMPLE_SHIFT 16

static i2s_chan_handle_t channel;

/* Called by the driver's interrupt for every full DMA buffer. */
static bool take_samples(i2s_chan_handle_t handle, i2s_event_data_t *event, void *unused)
{
    const int32_t *slots = event->dma_buf;
    const size_t count = event->size / sizeof *slots;

    (void)handle;
    (void)unused;
    for (size_t i = 0; i < count; i++) {
        const int16_t sample = (int16_t)(slots[i] >> SAMPLE_SHIFT);
        pcm_ring_put(&sample, 1);
    }
    return session_task_wake_from_isr();
}

static void set_up(void)
{
    const i2s_event_callbacks_t callbacks = { .on_recv = take_samples };
    i2s_chan_config_t buffers = I2S_CHANNEL_DEFAULT_CONFIG(I2S_NUM_AUTO, I2S_ROLE_MASTER);
    i2s_std_config_t line = {
        .clk_cfg = I2S_STD_CLK_DEFAULT_CONFIG(SAMPLE_RATE_HZ),
        /* 32 bits also because ESP32 swaps neighbouring samples of 16 bits in mono mode. */
        .slot_cfg = I2S_STD_PHILIPS_SLOT_DEFAULT_CONFIG(I2S_DATA_BIT_WIDTH_32BIT, I2S_SLOT_MODE_MONO),
        .gpio_cfg = {
            .mclk = I2S_GPIO_UNUSED,
            .bclk = MICROPHONE_PIN_BCLK,
            .ws = MICROPHONE_PIN_WS,
            .dout = I2S_GPIO_UNUSED,
            .din = MICROPHONE_PIN_DIN,
        },
    };

    buffers.dma_desc_num = DMA_BUFFERS;
    buffers.dma_frame_num = DMA_BUFFER_FRAMES;
    line.slot_cfg.slot_mask = I2S_STD_SLOT_LEFT;
    ESP_ERROR_CHECK(i2s_new_channel(&buffers, NULL, &channel));
    ESP_ERROR_CHECK(i2s_channel_init_std_mode(channel, &line));
    ESP_ERROR_CHECK(i2s_channel_register_event_callback(channel, &callbacks, NULL));
}

/* The driver's memory is taken when it is first needed, and kept. */
void microphone_start(void)
{
    if (channel == NULL) {
        set_up();
    }
    ESP_ERROR_CHECK(i2s_channel_enable(channel));
}

void microphone_stop(void)
{
    ESP_ERROR_CHECK(i2s_channel_disable(channel));
}
