#ifndef HTTP_PRESS_SHELF_H
#define HTTP_PRESS_SHELF_H

/*
 * What presses have made of files, for the next ones who ask for the same: short forms in memory,
 * long ones in files without a name. Bounded: the form that was not asked for for longest goes
 * first. Of one thread.
 *
 * A form is known by the content it was made of (a number that no other content has), its coding
 * and the effort that went into it.
 */
#include "base/slice.h"
#include "http/answer_store.h"
#include "http/coder.h"
#include "http/spill.h"

#include <stdint.h>

struct exchange;

struct press_shelf {
    struct answer_store forms;
};

void press_shelf_init(struct press_shelf *shelf);
void press_shelf_done(struct press_shelf *shelf);

/* Nothing is kept before this is said; what is too much then goes. */
void press_shelf_limit(struct press_shelf *shelf, size_t most_bytes);

/* A form that took this effort or more; NULL: there is none. Valid until the next call for the
 * shelf. `content` 0: nothing is known of it. */
struct file_ref *press_shelf_find(struct press_shelf *shelf, uint64_t content, enum coding coding,
                                  enum effort effort);

#define PRESS_FORM_KEY 10u

/* A form that is being copied while a press makes it. */
struct press_copy {
    struct press_shelf *shelf; /* borrowed; NULL: nothing is copied (any more) */
    struct spill spill;
    char key[PRESS_FORM_KEY];
};

/* `folder`: where long forms lie; it lives as long as the exchange. */
void press_copy_begin(struct press_copy *copy, struct press_shelf *shelf, struct exchange *x,
                      enum coding coding, enum effort effort, struct slice folder);

/* A copy that fails (the disk is full) or becomes longer than a quarter of the shelf is given up:
 * the answer goes on without. */
void press_copy_add(struct press_copy *copy, struct slice bytes);

/* It is whole, and goes to the shelf. / It is not. Either is harmless on one that is given up. */
void press_copy_keep(struct press_copy *copy);
void press_copy_drop(struct press_copy *copy);

#endif
