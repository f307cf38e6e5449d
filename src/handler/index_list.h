#ifndef HANDLER_INDEX_LIST_H
#define HANDLER_INDEX_LIST_H

/*
 * The entries of a folder on their way into order, without ever sorting all at once: what is added
 * is sorted in short runs, and taken out by merging them. Folders come first, then the order asked
 * for; names decide where that does not, with numbers in them by their value. Private to this
 * floor.
 */
#include "base/arena.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct index_entry {
    struct slice name; /* in the arena of the list */
    uint64_t size;
    int64_t modified_s;
    bool is_folder;
};

enum index_order { INDEX_BY_NAME, INDEX_BY_SIZE, INDEX_BY_DATE };

struct index_run;

struct index_list {
    struct arena *arena; /* borrowed */
    enum index_order order;
    bool reversed;
    struct index_run *newest; /* the one that is being filled, before the full ones */
    unsigned run_count;
    struct index_run **heap; /* while entries are taken: the run with the first entry on top */
    unsigned heap_count;
    uint64_t entries;
    uint64_t folders;
    uint64_t bytes; /* of all files */
};

void index_list_init(struct index_list *list, struct arena *arena, enum index_order order,
                     bool reversed);

/* The name is copied. */
void index_list_add(struct index_list *list, const struct index_entry *entry);

/* All are in: from here on they are taken out in order. */
void index_list_close(struct index_list *list);
const struct index_entry *index_list_next(struct index_list *list); /* NULL: that was all */

/* <0, 0, >0: names as people order them, "file9" before "file10", capitals beside small letters. */
int index_name_compare(struct slice a, struct slice b);

#endif
