/* ESP-IDF's I2S driver with a microphone that counts: the n-th sample is n, in the upper 16 bits of a 32-bit slot. The
 * bits below are noise. The last channel's set-up is printed. */
#include "driver/i2s_std.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define NOISE 0x8ABC
#define INTERRUPT_MICROSECONDS 1000

struct i2s_channel_obj_t {
    i2s_chan_config_t config;
    i2s_event_callbacks_t callbacks;
    void *context;
    int32_t *buffer;
    uint32_t samples;
    pthread_t interrupts;
    volatile bool initialised, enabled;
};

esp_err_t i2s_new_channel(const i2s_chan_config_t *chan_cfg, i2s_chan_handle_t *ret_tx_handle,
                          i2s_chan_handle_t *ret_rx_handle)
{
    if (chan_cfg->dma_desc_num < 2 || ret_tx_handle != NULL || chan_cfg->role != I2S_ROLE_MASTER) {
        return ESP_ERR_INVALID_ARG;
    }
    i2s_chan_handle_t channel = calloc(1, sizeof *channel);
    channel->config = *chan_cfg;
    channel->buffer = calloc(chan_cfg->dma_frame_num, sizeof *channel->buffer);
    *ret_rx_handle = channel;
    return ESP_OK;
}

esp_err_t i2s_channel_init_std_mode(i2s_chan_handle_t handle, const i2s_std_config_t *std_cfg)
{
    const i2s_std_slot_config_t *slot = &std_cfg->slot_cfg;
    const i2s_std_gpio_config_t *gpio = &std_cfg->gpio_cfg;

    if (handle->initialised || slot->data_bit_width != I2S_DATA_BIT_WIDTH_32BIT ||
        slot->slot_mode != I2S_SLOT_MODE_MONO || gpio->mclk != I2S_GPIO_UNUSED || gpio->dout != I2S_GPIO_UNUSED) {
        return ESP_ERR_INVALID_ARG;
    }
    printf("%u Hz, slots %d, BCLK %d, WS %d, DIN %d\n", std_cfg->clk_cfg.sample_rate_hz, slot->slot_mask, gpio->bclk,
           gpio->ws, gpio->din);
    handle->initialised = true;
    return ESP_OK;
}

esp_err_t i2s_channel_register_event_callback(i2s_chan_handle_t handle, const i2s_event_callbacks_t *callbacks,
                                              void *user_data)
{
    if (handle->enabled) {
        return ESP_ERR_INVALID_STATE;
    }
    handle->callbacks = *callbacks;
    handle->context = user_data;
    return ESP_OK;
}

static void *interrupt(void *argument)
{
    i2s_chan_handle_t channel = argument;

    while (channel->enabled) {
        for (uint32_t i = 0; i < channel->config.dma_frame_num; i++) {
            channel->buffer[i] = (int32_t)((channel->samples++ & 0xFFFFu) << 16 | NOISE);
        }
        i2s_event_data_t event = {
            .dma_buf = channel->buffer,
            .size = channel->config.dma_frame_num * sizeof *channel->buffer,
        };
        (void)channel->callbacks.on_recv(channel, &event, channel->context);
        usleep(INTERRUPT_MICROSECONDS);
    }
    return NULL;
}

esp_err_t i2s_channel_enable(i2s_chan_handle_t handle)
{
    if (!handle->initialised || handle->enabled) {
        return ESP_ERR_INVALID_STATE;
    }
    handle->enabled = true;
    return pthread_create(&handle->interrupts, NULL, interrupt, handle) == 0 ? ESP_OK : ESP_FAIL;
}

esp_err_t i2s_channel_disable(i2s_chan_handle_t handle)
{
    if (!handle->enabled) {
        return ESP_ERR_INVALID_STATE;
    }
    handle->enabled = false;
    return pthread_join(handle->interrupts, NULL) == 0 ? ESP_OK : ESP_FAIL;
}
