/* Whether the image is what the build made, and what ended the run before. */
#ifndef HEALTH_H
#define HEALTH_H

#include <stdbool.h>

#include "link.h"

/* Checks the image; false if it is damaged, or ever was found to be: nothing it computes can be trusted. */
bool health_check(void);

bool health_is_sound(void);

/* Checks the image again and replies with what is known. */
void health_answer(const link_frame *frame);

#endif
