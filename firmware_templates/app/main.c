#include "board.h"
#include "session.h"

int main(void)
{
    board_init();
    session_run();
}
