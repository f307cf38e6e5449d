#ifndef BASE_TABLE_H
#define BASE_TABLE_H

/*
 * Open-addressing map from slices to pointers, hashed with SipHash under a key drawn at process
 * start: clients cannot choose colliding names. Keys are borrowed: they must live as long as their
 * entry. {0} is a valid empty table.
 */
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_entry {
    struct slice key; /* borrowed; key.at == NULL: free */
    void *value;
    uint64_t hash;
};

struct table {
    struct table_entry *entries; /* owned */
    size_t count;
    size_t room; /* power of two, 0 = nothing allocated yet */
};

void table_done(struct table *table);

/* The value, or NULL. */
void *table_find(const struct table *table, struct slice key);

/* Sets a value (not NULL); returns the former one or NULL. The former key gives way as well. */
void *table_put(struct table *table, struct slice key, void *value);

/* Returns the value taken out, or NULL. */
void *table_remove(struct table *table, struct slice key);

/*
 * Walks in no particular order: start with *place = 0; returns NULL at the end. The table must not
 * change meanwhile, except that the entry just returned may be removed after the walk only.
 */
const struct table_entry *table_next(const struct table *table, size_t *place);

#endif
