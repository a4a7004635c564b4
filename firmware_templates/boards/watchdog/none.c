/* No watchdog: a board that hangs is silent until someone resets it. */
#include "watchdog.h"

#include "board.h"

void watchdog_start(void)
{
}

void watchdog_pause(void)
{
}

void watchdog_resume(void)
{
}

bool watchdog_has_reset(void)
{
    return false;
}

void watchdog_await_reset(void)
{
}

void board_feed_watchdog(void)
{
}
