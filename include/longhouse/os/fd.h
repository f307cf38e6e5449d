#ifndef OS_FD_H
#define OS_FD_H

/*
 * Owned descriptors. Every descriptor of the house is close-on-exec from its first moment.
 *
 *   scoped_fd fd = open(...);        closes itself at the end of the block
 *   *ret_fd = fd_take(&fd);          ... unless it is handed over
 */
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

/* Closes *fd unless it is negative, keeps errno, sets *fd to -1. */
void fd_close(int *fd);

/* Returns *fd and leaves -1 behind. */
int fd_take(int *fd);

#define scoped_fd __attribute__((cleanup(fd_close))) int

/* A pipe, both ends non-blocking and close-on-exec: 0 or negative errno. */
int fd_pipe(int *ret_read, int *ret_write);

/* 0 or negative errno. */
int fd_set_nonblocking(int fd);

/*
 * A memory file that holds `len` bytes and can no longer be changed (sealed): 0 or negative errno.
 * `name` is for /proc only.
 */
int fd_sealed(const char *name, const void *data, size_t len, int *ret_fd);

/* A memory file, empty; whoever has its descriptor may write into it: 0 or negative errno. */
int fd_memory(const char *name, int *ret_fd);

/* The file holds these bytes and no others: 0 or negative errno. */
int fd_rewrite(int fd, const void *data, size_t len);

/*
 * The whole of a (small) file, NUL behind it that is not counted; malloc'd. 0, -EFBIG beyond
 * `most`, or negative errno.
 */
int fd_read_all(int fd, size_t most, char **ret_data, size_t *ret_len);

/* Writes all, waiting if need be: 0 or negative errno. For start-up and tools, not for reactors. */
int fd_write_all(int fd, const void *data, size_t len);

/*
 * Makes the kernel's table of our descriptors wide enough for `count` of them, while this process
 * has one thread. By itself the table doubles when it is full, and with threads each time that
 * takes some milliseconds in which whoever opened the descriptor stands still (an RCU grace
 * period). Where there is no room, or no right to that many, it grows by itself.
 */
void fd_make_room(unsigned count);

/* Open descriptors of this process, for tests. */
size_t fd_count_open(void);

#endif
