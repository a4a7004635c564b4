#include "health.h"

#include "board.h"
#include "messages.h"

static bool damaged;

bool health_is_sound(void)
{
    return !damaged;
}

static image_state check(uint32_t *crc)
{
    const image_state state = board_check_image(crc);

    damaged = damaged || state == IMAGE_DAMAGED;
    return state;
}

bool health_check(void)
{
    uint32_t crc;

    (void)check(&crc);
    return health_is_sound();
}

void health_answer(const link_frame *frame)
{
    reset_record reset;
    uint32_t crc;
    const image_state state = check(&crc);

    board_last_reset(&reset);
    link_begin(REPLY_HEALTH, frame->sequence);
    link_put_u8((uint8_t)state);
    link_put_u32(crc);
    link_put_u8((uint8_t)reset.kind);
    link_put_u32(reset.cause);
    link_put_u32(reset.program_counter);
    link_put_u32(reset.address);
    link_end();
}
