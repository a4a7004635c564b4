/* How drivers end the sleep of the task that runs the session. */
#ifndef SESSION_TASK_H
#define SESSION_TASK_H

#include <stdbool.h>

/* To be called by a task. */
void session_task_wake(void);

/* To be called by an interrupt. True if it should end by switching to the woken task. */
bool session_task_wake_from_isr(void);

#endif
