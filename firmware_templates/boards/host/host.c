/* The firmware as a Unix process. Its serial line is a pseudo-terminal whose name it prints; it ends when its
 * standard input does, so it never outlives the program that started it. */
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "board.h"
#include "receive_ring.h"

#define READ_BYTES 256u

static int line; /* the board's end of the pseudo-terminal */

static void give_up(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

/* Bytes pass unchanged in both directions and are not echoed. */
static void make_raw(int terminal)
{
    struct termios settings;

    if (tcgetattr(terminal, &settings) != 0) {
        give_up("tcgetattr");
    }
    cfmakeraw(&settings);
    if (tcsetattr(terminal, TCSANOW, &settings) != 0) {
        give_up("tcsetattr");
    }
}

void board_init(void)
{
    line = posix_openpt(O_RDWR | O_NOCTTY);
    if (line < 0 || grantpt(line) != 0 || unlockpt(line) != 0) {
        give_up("posix_openpt");
    }
    const char *name = ptsname(line);
    /* Held open, so that the line survives the host's coming and going. */
    const int host_end = name != NULL ? open(name, O_RDWR | O_NOCTTY) : -1;
    if (host_end < 0) {
        give_up("open");
    }
    make_raw(host_end);
    if (fcntl(line, F_SETFL, O_NONBLOCK) != 0) {
        give_up("fcntl");
    }
    if (puts(name) < 0 || fflush(stdout) != 0) {
        give_up("stdout");
    }
}

/* Waits until the line is ready for `events`; ends the process when standard input has ended. */
static void wait_for(short events)
{
    struct pollfd ends[] = {
        { .fd = line, .events = events },
        { .fd = STDIN_FILENO, .events = POLLIN },
    };

    for (;;) {
        char ignored[READ_BYTES];

        (void)poll(ends, 2, -1);
        if (ends[1].revents != 0 && read(STDIN_FILENO, ignored, sizeof ignored) <= 0) {
            exit(EXIT_SUCCESS);
        }
        if (ends[0].revents != 0) {
            return;
        }
    }
}

/* A process that hangs is for its owner to end. */
void board_feed_watchdog(void)
{
}

void board_wait(void)
{
    uint8_t bytes[READ_BYTES];
    const uint32_t space = ring_space();

    wait_for(POLLIN);
    const ssize_t count = read(line, bytes, space < READ_BYTES ? space : READ_BYTES);
    for (ssize_t i = 0; i < count; i++) {
        ring_put(bytes[i]);
    }
}

void board_send(const uint8_t *bytes, uint32_t count)
{
    uint32_t sent = 0;

    while (sent < count) {
        wait_for(POLLOUT);
        const ssize_t written = write(line, bytes + sent, count - sent);
        if (written > 0) {
            sent += (uint32_t)written;
        }
    }
}

uint32_t board_ticks(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
}

/* The process's memory, the soundness of its image and its faults are the operating system's affair. */
void board_measure_memory(board_memory *memory)
{
    memory->static_bytes = 0;
    memory->stack_bytes = 0;
    memory->stack_used = 0;
}

image_state board_check_image(uint32_t *crc)
{
    *crc = 0;
    return IMAGE_NOT_CHECKED;
}

void board_last_reset(reset_record *reset)
{
    *reset = (reset_record){ .kind = RESET_UNKNOWN };
}

bool board_stack_is_sound(void)
{
    return true;
}
