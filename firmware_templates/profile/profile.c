/* Ticks of the engine by layer, as a tap numbers the layers: "logmel" is the front end, "pooled" the head.
 *
 * The linker puts each function __wrap_f around the engine's function f, which is __real_f here (GNU ld, option
 * --wrap). So the engine's objects are those of the image that is not profiled. What this file takes itself is
 * charged to nobody, but for the calls. */
#include "profile.h"

#include <stdint.h>

#include "board.h"
#include "messages.h"
#include "w2s_internal.h"
#include "wav2small.h"

w2s_status __real_w2s_begin(w2s_engine *engine, const w2s_statistics *window);
w2s_status __real_w2s_begin_running(w2s_engine *engine, w2s_running *running, uint32_t samples);
void __real_w2s_push(w2s_engine *engine, const int16_t *pcm, uint32_t count);
w2s_status __real_w2s_finish(w2s_engine *engine, w2s_result *result);
void __real_w2s_backbone_row(w2s_engine *engine);
void __real_w2s_head_row(w2s_head *head, const int8_t *outputs);
void __real_w2s_show(w2s_engine *engine, uint8_t layer, const void *data, uint32_t bytes);

w2s_status __wrap_w2s_begin(w2s_engine *engine, const w2s_statistics *window);
w2s_status __wrap_w2s_begin_running(w2s_engine *engine, w2s_running *running, uint32_t samples);
void __wrap_w2s_push(w2s_engine *engine, const int16_t *pcm, uint32_t count);
w2s_status __wrap_w2s_finish(w2s_engine *engine, w2s_result *result);
void __wrap_w2s_backbone_row(w2s_engine *engine);
void __wrap_w2s_head_row(w2s_head *head, const int8_t *outputs);
void __wrap_w2s_show(w2s_engine *engine, uint8_t layer, const void *data, uint32_t bytes);

static struct {
    uint64_t ticks[W2S_LAYER_COUNT];
    uint32_t start; /* when that which runs began */
    uint8_t layer;  /* for which it runs */
} profile;

static void begin(void)
{
    for (unsigned layer = 0; layer < W2S_LAYER_COUNT; layer++) {
        profile.ticks[layer] = 0;
    }
    profile.start = board_ticks();
}

/* What has run so far was for `layer`; the engine goes on with `next`. */
static void charge(uint8_t layer, uint8_t next)
{
    profile.ticks[layer] += board_ticks() - profile.start;
    profile.layer = next;
    profile.start = board_ticks();
}

w2s_status __wrap_w2s_begin(w2s_engine *engine, const w2s_statistics *window)
{
    begin();
    const w2s_status status = __real_w2s_begin(engine, window);
    charge(W2S_LAYER_LOGMEL, W2S_LAYER_LOGMEL);
    return status;
}

w2s_status __wrap_w2s_begin_running(w2s_engine *engine, w2s_running *running, uint32_t samples)
{
    begin();
    const w2s_status status = __real_w2s_begin_running(engine, running, samples);
    charge(W2S_LAYER_LOGMEL, W2S_LAYER_LOGMEL);
    return status;
}

void __wrap_w2s_push(w2s_engine *engine, const int16_t *pcm, uint32_t count)
{
    profile.start = board_ticks();
    __real_w2s_push(engine, pcm, count);
    charge(W2S_LAYER_LOGMEL, W2S_LAYER_LOGMEL);
}

/* The last rows of all layers; an image row that it may begin with comes through w2s_backbone_row. */
w2s_status __wrap_w2s_finish(w2s_engine *engine, w2s_result *result)
{
    profile.layer = W2S_LAYER_CONV1;
    profile.start = board_ticks();
    const w2s_status status = __real_w2s_finish(engine, result);
    charge(W2S_LAYER_POOLED, W2S_LAYER_LOGMEL);
    return status;
}

/* An image row is there. Where it ends before the last layer, the layer that follows the last shown one had it. */
void __wrap_w2s_backbone_row(w2s_engine *engine)
{
    charge(W2S_LAYER_LOGMEL, W2S_LAYER_CONV1);
    __real_w2s_backbone_row(engine);
    charge(profile.layer, W2S_LAYER_LOGMEL);
}

void __wrap_w2s_head_row(w2s_head *head, const int8_t *outputs)
{
    __real_w2s_head_row(head, outputs);
    charge(W2S_LAYER_POOLED, W2S_LAYER_POOLED);
}

void __wrap_w2s_show(w2s_engine *engine, uint8_t layer, const void *data, uint32_t bytes)
{
    charge(layer, layer < W2S_LAYER_POOLED ? (uint8_t)(layer + 1u) : layer);
    __real_w2s_show(engine, layer, data, bytes);
}

void profile_answer(const link_frame *frame)
{
    link_begin(REPLY_PROFILE, frame->sequence);
    for (unsigned layer = 0; layer < W2S_LAYER_COUNT; layer++) {
        link_put_u64(profile.ticks[layer]);
    }
    link_end();
}
