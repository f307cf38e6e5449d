#ifndef BASE_UNSET_H
#define BASE_UNSET_H

/*
 * For large buffers of a function that are always written before they are read. Release builds set
 * every other automatic variable to 0 on entry (-ftrivial-auto-var-init), which is right for what
 * somebody may forget, and costs microseconds and the nearest cache where a call fills a few bytes
 * of 64 KiB.
 */
#if defined(__has_attribute)
#if __has_attribute(uninitialized)
#define UNSET __attribute__((uninitialized))
#endif
#endif
#ifndef UNSET
#define UNSET
#endif

#endif
