/* The whole firmware but for its board: the fuzzer's bytes become well-formed frames and noise, every reply is checked,
 * and after every input a known window must still give its first result.
 *
 * An input is a row of steps, each a byte that says which (modulo STEPS) and what that step needs; what is missing at
 * the end is left out. tests/fuzz/make_corpus.py writes some. */
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "expect.h"
#include "session.h"
#include "session/line.h"
#include "session/probe.h"
#include "session/replies.h"
#include "wire.h"

enum {
    STEP_NOISE,   /* length u8, bytes as they are */
    STEP_REQUEST, /* type u8, length u16, payload */
    STEP_AUDIO,   /* length u16, PCM: the next of the window that was begun last */
    STEP_SAMPLES, /* length u16, PCM: the next of the listening that was begun last */
    STEP_PACE,    /* u8: how many bytes arrive at once, and whether the line ignores the credit */
    STEP_STACK,   /* u8: odd where the stack was full */
    STEPS,
};

enum { LONGEST_PAYLOAD = 600, PACE_FLOODED = 0x80, USUAL_PACE = 64 };

/* --- the input ---------------------------------------------------------------------------------------------- */

static const uint8_t *steps;
static size_t steps_left;

static bool stack_was_full;

static uint8_t take_u8(void)
{
    if (steps_left == 0) {
        return 0;
    }
    steps_left--;
    return *steps++;
}

static uint32_t take_u16(void)
{
    const uint32_t low = take_u8();

    return low | (uint32_t)take_u8() << 8;
}

static uint32_t take(uint8_t *bytes, uint32_t wanted)
{
    const uint32_t count = wanted < steps_left ? wanted : (uint32_t)steps_left;

    memcpy(bytes, steps, count);
    steps += count;
    steps_left -= count;
    return count;
}

static void take_step(void)
{
    static wire_frame request;
    static uint8_t bytes[LONGEST_PAYLOAD];
    uint32_t length;

    switch (take_u8() % STEPS) {
    case STEP_NOISE:
        length = take(bytes, take_u8());
        line_send_bytes(bytes, length);
        break;
    case STEP_REQUEST:
        request.type = take_u8();
        length = take_u16() % LONGEST_PAYLOAD;
        request.payload_bytes = take(request.payload, length);
        line_send_request(&request);
        break;
    case STEP_AUDIO:
        length = take(bytes, take_u16() % LONGEST_PAYLOAD);
        line_send_audio(replies_acked(), bytes, length);
        break;
    case STEP_SAMPLES:
        length = take(bytes, take_u16() % LONGEST_PAYLOAD);
        line_send_samples(bytes, length);
        break;
    case STEP_PACE:
        length = take_u8();
        line_set_pace(1u + length % PACE_FLOODED, length >= PACE_FLOODED);
        break;
    default:
        stack_was_full = take_u8() % 2u != 0;
        break;
    }
}

/* --- the board ---------------------------------------------------------------------------------------------- */

static enum { IN_STEPS, SETTLING, PROBING } phase;
static jmp_buf input_ended;
static uint32_t ticks;

/* What comes after the line has been read to its end. */
static void go_on(void)
{
    if (phase == IN_STEPS && steps_left > 0) {
        take_step();
    } else if (phase == IN_STEPS) {
        phase = SETTLING;
        stack_was_full = false;
        line_set_pace(USUAL_PACE, false);
        probe_settle();
    } else if (phase == SETTLING) {
        phase = PROBING;
        ticks = 0;
        probe_ask();
    } else {
        longjmp(input_ended, 1);
    }
}

/* A hang is libFuzzer's to find. */
void board_feed_watchdog(void)
{
}

void board_wait(void)
{
    while (line_is_empty()) {
        go_on();
    }
    line_deliver();
}

void board_send(const uint8_t *bytes, uint32_t count)
{
    replies_receive(bytes, count);
    if (phase == PROBING) {
        probe_receive(bytes, count);
    }
    line_pass();
}

uint32_t board_ticks(void)
{
    line_pass();
    return ticks++;
}

void board_measure_memory(board_memory *memory)
{
    *memory = (board_memory){ .static_bytes = 3, .stack_bytes = 2, .stack_used = 1 };
}

image_state board_check_image(uint32_t *crc)
{
    *crc = 0x12345678;
    return IMAGE_SOUND;
}

void board_last_reset(reset_record *reset)
{
    *reset = (reset_record){ .kind = RESET_WATCHDOG, .cause = 1, .program_counter = 2, .address = 3 };
}

bool board_stack_is_sound(void)
{
    return !stack_was_full;
}

/* --- the fuzz target ---------------------------------------------------------------------------------------- */

static void run_session(const uint8_t *data, size_t size)
{
    steps = data;
    steps_left = size;
    phase = IN_STEPS;
    line_set_pace(USUAL_PACE, false);
    replies_begin();
    if (setjmp(input_ended) == 0) {
        session_run();
    }
    EXPECT(replies_are_whole());
    probe_expect_first_answer();
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    (void)atexit(replies_print);
    run_session(NULL, 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run_session(data, size);
    return 0;
}
