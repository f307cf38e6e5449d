#ifndef HTTP_FILE_REF_H
#define HTTP_FILE_REF_H

/*
 * An open file that several answers of one reactor send from: counted (by one thread only), closed
 * with the last reference. A small one may carry its bytes.
 */
#include "base/slice.h"

#include <stddef.h>
#include <stdint.h>

struct file_ref {
    unsigned refs;
    int fd; /* owned; -1 when only `bytes` are there */
    uint64_t size;
    struct slice bytes; /* owned copy of the whole content, or empty */
};

/* Takes the descriptor; one reference. */
struct file_ref *file_ref_new(int fd, uint64_t size);

/* Of `len` bytes in memory, which are taken (malloc; NULL for none) and freed with the last
 * reference. */
struct file_ref *file_ref_of_bytes(char *bytes, size_t len);

/* Reads the content (size <= most) into memory and closes the descriptor: 0 or negative errno (then
 * the file_ref is as before). -ESTALE when the file has another size by now. */
int file_ref_load(struct file_ref *file, uint64_t most);

struct file_ref *file_ref_hold(struct file_ref *file);
void file_ref_drop(struct file_ref *file); /* NULL: nothing happens */

#endif
