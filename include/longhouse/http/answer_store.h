#ifndef HTTP_ANSWER_STORE_H
#define HTTP_ANSWER_STORE_H

/*
 * Answers that are kept for a while, to be given again: found by a key of their owner's
 * choice and, where an answer varies (RFC 9110 12.5.5), by the fields of the request that it varies
 * by. Bounded: the one that was not asked for for longest goes first. Of one thread.
 */
#include "base/arena.h"
#include "base/list.h"
#include "base/slice.h"
#include "base/table.h"
#include "http/field.h"
#include "http/file_ref.h"

#include <stdbool.h>
#include <stdint.h>

#define STORE_VARIANTS_MOST 8u /* of one key */

struct stored_answer {
    struct list_link by_use;
    struct stored_answer *next; /* another one of the same key */
    struct arena arena;         /* owns all texts below */
    struct slice key;
    uint64_t owner; /* of whom, and of what: see answer_store_forget() */
    uint64_t name;
    int status;
    struct slice phrase;
    struct fields fields;
    struct fields varies;  /* by these fields of the request, and their values then */
    struct file_ref *body; /* owned: one reference */
    uint64_t stored_ms;    /* of the loop's clock */
    uint64_t age_s;        /* that it had then */
    uint64_t until_ms;
    size_t size;
};

struct answer_store {
    struct table by_key; /* key -> the first of its stored_answers */
    struct list by_use;  /* what was asked for last comes first */
    size_t used_bytes;
    size_t most_bytes;
    unsigned count;
};

void answer_store_init(struct answer_store *store, size_t most_bytes);
void answer_store_done(struct answer_store *store);

/* Another bound from now on. */
void answer_store_limit(struct answer_store *store, size_t most_bytes);

/* One that is to be filled in: the key is copied. */
struct stored_answer *stored_answer_new(struct slice key);
void stored_answer_free(struct stored_answer *answer);

/* It varies by this field, which in `request` has the value that it has. */
void stored_answer_vary(struct stored_answer *answer, struct slice name,
                        const struct fields *request);

/* NULL: there is none, or its time is over. Valid until the next call for the store. */
const struct stored_answer *answer_store_find(struct answer_store *store, struct slice key,
                                              const struct fields *request, uint64_t now_ms);

/* Takes the answer, which has its body; what it takes the place of is dropped. One that does not
 * fit is dropped itself. */
void answer_store_put(struct answer_store *store, struct stored_answer *answer);

/* All of this owner with this name; `any_name`: all of this owner. */
void answer_store_forget(struct answer_store *store, uint64_t owner, uint64_t name, bool any_name);
void answer_store_forget_all(struct answer_store *store);

#endif
