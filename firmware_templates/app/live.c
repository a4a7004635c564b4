#include "live.h"

#include "board.h"
#include "config.h"
#include "crc32.h"
#include "microphone.h"
#include "pcm_ring.h"
#include "window.h"

static struct {
    bool is_on;
    bool from_host;
    uint32_t number;
    w2s_engine *engine;
    w2s_running heard;
    live_show show;
    live_result result; /* of the window being heard */
    uint32_t window;    /* its length */
    uint32_t taken;     /* samples since the start: by the engine */
    uint32_t lost;      /* between the host and here */
    uint32_t host_next; /* offset of the first one that has not come from the host */
} live;

static w2s_status begin_window(uint32_t index)
{
    static const live_result nothing = { 0 };
    const uint32_t start = board_ticks();
    const w2s_status status = w2s_begin_running(live.engine, &live.heard, live.window);

    live.result = nothing;
    live.result.index = index;
    live.result.ticks = board_ticks() - start;
    return status;
}

static void end_window(void)
{
    const uint32_t start = board_ticks();

    (void)w2s_finish(live.engine, &live.result.values); /* it has all its samples */
    live.result.ticks += board_ticks() - start;
    live.show(live.number, &live.result);
    (void)begin_window(live.result.index + 1u); /* as long as the one before */
}

error_code live_start(uint32_t number, uint32_t samples, bool from_host, live_show show)
{
    static const w2s_running nothing = { 0 };

    live_stop();
    if (!from_host && !HAS_MICROPHONE) {
        return ERROR_NO_MICROPHONE;
    }
    live.engine = window_lend_engine();
    live.heard = nothing;
    live.window = samples;
    const error_code refused = window_refusal(begin_window(0));
    if (refused != ERROR_NONE) {
        return refused;
    }
    live.number = number;
    live.from_host = from_host;
    live.show = show;
    live.taken = 0;
    live.lost = 0;
    live.host_next = 0;
    live.is_on = true;
    if (!from_host) {
        microphone_start();
    }
    return ERROR_NONE;
}

bool live_is(uint32_t number)
{
    return live.is_on && live.number == number;
}

void live_stop(void)
{
    if (live.is_on && !live.from_host) {
        microphone_stop();
    }
    live.is_on = false;
    live.lost += pcm_ring_dropped(); /* the ring forgets them */
    pcm_ring_reset();
}

void live_put(uint32_t offset, const int16_t *pcm, uint32_t count)
{
    const uint32_t ahead = offset - live.host_next;

    if (!live.from_host || ahead > INT32_MAX) {
        return;
    }
    live.lost += ahead;
    live.host_next = offset + count;
    pcm_ring_put(pcm, count);
}

bool live_step(void)
{
    int16_t pcm[W2S_HOP];
    const uint32_t missing = live.window - live.result.samples;

    if (!live.is_on) {
        return false;
    }
    const uint32_t count = pcm_ring_take(pcm, missing < W2S_HOP ? missing : W2S_HOP);
    if (count == 0) {
        return false;
    }
    const uint32_t start = board_ticks();
    w2s_push(live.engine, pcm, count);
    live.result.ticks += board_ticks() - start;
    live.result.pcm_crc = crc32_update(live.result.pcm_crc, (const uint8_t *)pcm, count * sizeof pcm[0]);
    live.result.samples += count;
    live.taken += count;
    if (live.result.samples == live.window) {
        end_window();
    }
    return true;
}

void live_measure(live_progress *progress)
{
    progress->dropped = live.lost + pcm_ring_dropped();
    const uint32_t settled = live.taken + progress->dropped;
    progress->next = live.from_host ? live.host_next : settled;
    progress->waiting = progress->next - settled;
}
