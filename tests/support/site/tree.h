#ifndef TESTS_SITE_TREE_H
#define TESTS_SITE_TREE_H

/*
 * A folder with files of the test's making, gone with tree_remove(). Paths are relative to it;
 * folders on the way are made. Any failure ends the test.
 */
#include "base/slice.h"

#include <sys/types.h>

struct tree {
    char root[64];
};

void tree_make(struct tree *tree);
void tree_remove(struct tree *tree);

void tree_folder(const struct tree *tree, const char *path);
void tree_file(const struct tree *tree, const char *path, const char *content);
void tree_bytes(const struct tree *tree, const char *path, struct slice content);
void tree_sparse(const struct tree *tree, const char *path, off_t size);
void tree_link(const struct tree *tree, const char *path, const char *to);
void tree_fifo(const struct tree *tree, const char *path);
void tree_socket(const struct tree *tree, const char *path);
void tree_mode(const struct tree *tree, const char *path, mode_t mode);
void tree_unlink(const struct tree *tree, const char *path);

/* Sets the time of its last change, in seconds since 1970. */
void tree_time(const struct tree *tree, const char *path, time_t modified_s);

/*
 * Root may read all and its links may lead anywhere: between these two calls a test that runs as
 * root is somebody else. An ordinary user stays who he is.
 */
void tree_as_nobody(void);
void tree_as_before(void);

#endif
