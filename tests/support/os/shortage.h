#ifndef TESTS_SHORTAGE_H
#define TESTS_SHORTAGE_H

/* The limit of open files is reached: this process gets so many more descriptors, until it ends. */
void shortage_begin(unsigned left);
void shortage_end(void);

#endif
