/* No microphone: the host sends the samples over the serial line, and the session puts them into the PCM ring. */
#include "microphone.h"

void microphone_start(void)
{
}

void microphone_stop(void)
{
}
