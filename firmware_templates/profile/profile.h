/* Where the engine's time goes. Only images that are built to be profiled have it (HAS_PROFILE). */
#ifndef PROFILE_H
#define PROFILE_H

#include "link.h"

/* Answers with the ticks that each layer took since the window began: those up to its rows from the rows before. */
void profile_answer(const link_frame *frame);

#endif
