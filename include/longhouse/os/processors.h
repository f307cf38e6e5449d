#ifndef OS_PROCESSORS_H
#define OS_PROCESSORS_H

/* The processors that this process, and what it starts, may run on: how many. At least one. */
unsigned processors_count(void);

#endif
