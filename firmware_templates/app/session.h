/* Answers the host's requests. */
#ifndef SESSION_H
#define SESSION_H

#include <stdnoreturn.h>

/* Serves the host for ever. */
noreturn void session_run(void);

#endif
