/* The firmware's link on standard input and output: every frame that arrives is sent back as it came, and
 * anything else is reported as a frame of type 0 whose payload is the link_event. */
#include <stdio.h>

#include "board.h"
#include "link.h"
#include "receive_ring.h"

void board_send(const uint8_t *bytes, uint32_t count)
{
    fwrite(bytes, 1, count, stdout);
}

static void reply(uint8_t type, uint8_t sequence, const void *payload, uint32_t bytes)
{
    link_begin(type, sequence);
    link_put(payload, bytes);
    link_end();
}

int main(void)
{
    int byte;

    while ((byte = getchar()) != EOF) {
        link_frame frame;

        ring_put((uint8_t)byte);
        const link_event event = link_receive(&frame);
        const uint8_t code = (uint8_t)event;
        if (event == LINK_FRAME) {
            reply(frame.type, frame.sequence, frame.payload, frame.payload_bytes);
        } else if (event != LINK_NOTHING) {
            reply(0, 0, &code, sizeof code);
        }
    }
    return 0;
}
