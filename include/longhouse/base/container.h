#ifndef BASE_CONTAINER_H
#define BASE_CONTAINER_H

/*
 * From the address of an embedded member back to the struct that holds it.
 */
#include <stddef.h>

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#endif
