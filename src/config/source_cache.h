#ifndef SOURCE_CACHE_H
#define SOURCE_CACHE_H

/*
 * What a source has answered so far: the same question gets the same answer, and a bundle can
 * repeat all of them.
 */
#include "base/arena.h"
#include "base/container.h"
#include "config/read_block.h"

#include <sys/types.h>

/* The answer to one find(). */
struct source_answer {
    struct source_answer *next;
    struct slice path;
    struct source_text *texts; /* NULL: none */
    const char *why;           /* none, because */
};

/* A file that was read, whatever names it goes by. */
struct source_file {
    struct source_file *next;
    dev_t device;
    ino_t inode;
    struct slice text;
};

struct source_cache {
    struct source source; /* embedded: what the readers see */
    struct arena *arena;  /* borrowed */
    struct slice base;    /* the folder as given, where relative paths begin; disk only */
    struct source_answer *answers;
    struct source_answer **end;
    struct source_file *files;
};

struct source_cache *source_cache_new(struct arena *arena, struct slice folder,
                                      struct source_text *(*find)(struct source *, struct arena *,
                                                                  struct slice, const char **));
struct source_cache *source_cache_of(struct source *source);

const struct source_answer *source_cache_answer(const struct source_cache *cache,
                                                struct slice path);
/* The next question for it is a new one. */
void source_cache_forget(struct source_cache *cache, struct slice path);

const struct source_answer *source_cache_add_answer(struct source_cache *cache, struct slice path,
                                                    struct source_text *texts, const char *why);

/* The texts of an answer in nodes of the caller's arena, or NULL and *ret_why. */
struct source_text *source_answer_copy(const struct source_answer *answer, struct arena *arena,
                                       const char **ret_why);

bool source_cache_find_file(const struct source_cache *cache, dev_t device, ino_t inode,
                            struct slice *ret);
void source_cache_add_file(struct source_cache *cache, dev_t device, ino_t inode,
                           struct slice text);

#endif
