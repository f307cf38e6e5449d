#include "base/table.h"

#include "base/siphash.h"
#include "base_private.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_ROOM 8u

/*
 * Linear probing without tombstones: between the home of an entry and its place there is no free
 * entry. Removal keeps that true by moving later entries of the run back.
 */

void table_done(struct table *table)
{
    free(table->entries);
    *table = (struct table){ 0 };
}

static uint64_t hash_of(struct slice key)
{
    return siphash_quick(siphash_process_key(), key);
}

static bool is_free(const struct table_entry *entry)
{
    return entry->key.at == NULL;
}

/* The entry of `key`, or the free one where it belongs. The table has at least one free entry. */
static struct table_entry *probe(const struct table *table, struct slice key, uint64_t hash)
{
    size_t mask = table->room - 1;
    size_t at = (size_t)hash & mask;

    for (;; at = (at + 1) & mask) {
        struct table_entry *entry = &table->entries[at];

        if (is_free(entry) || (entry->hash == hash && slice_equal(entry->key, key)))
            return entry;
    }
}

static void grow(struct table *table)
{
    struct table_entry *old = table->entries;
    size_t old_room = table->room;

    assert(old_room <= SIZE_MAX / 2);
    table->room = old_room ? old_room * 2 : FIRST_ROOM;
    table->entries = calloc(table->room, sizeof(struct table_entry));
    if (!table->entries)
        memory_exhausted(table->room * sizeof(struct table_entry));

    size_t mask = table->room - 1;
    for (size_t i = 0; i < old_room; i++) {
        if (is_free(&old[i]))
            continue;
        /* All keys differ, so the next free entry is the right one: nothing needs to be compared.
         */
        size_t at = (size_t)old[i].hash & mask;
        while (!is_free(&table->entries[at]))
            at = (at + 1) & mask;
        table->entries[at] = old[i];
    }
    free(old);
}

void *table_find(const struct table *table, struct slice key)
{
    if (table->count == 0)
        return NULL;
    return probe(table, key, hash_of(key))->value;
}

void *table_put(struct table *table, struct slice key, void *value)
{
    assert(value);
    if (!key.at)
        key = SLICE("");
    if ((table->count + 1) * 10 > table->room * 7)
        grow(table);

    uint64_t hash = hash_of(key);
    struct table_entry *entry = probe(table, key, hash);
    void *former = entry->value;

    if (is_free(entry))
        table->count++;
    *entry = (struct table_entry){ .key = key, .value = value, .hash = hash };
    return former;
}

/* Closes the hole at `hole`: an entry of the run behind it moves in when its home is not past the
 * hole. */
static void close_hole(struct table *table, size_t hole)
{
    size_t mask = table->room - 1;

    for (size_t at = (hole + 1) & mask; !is_free(&table->entries[at]); at = (at + 1) & mask) {
        size_t home = (size_t)table->entries[at].hash & mask;

        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        table->entries[hole] = table->entries[at];
        hole = at;
    }
    table->entries[hole] = (struct table_entry){ 0 };
}

void *table_remove(struct table *table, struct slice key)
{
    if (table->count == 0)
        return NULL;

    struct table_entry *entry = probe(table, key, hash_of(key));
    void *value = entry->value;

    if (!is_free(entry)) {
        close_hole(table, (size_t)(entry - table->entries));
        table->count--;
    }
    return value;
}

const struct table_entry *table_next(const struct table *table, size_t *place)
{
    while (*place < table->room) {
        const struct table_entry *entry = &table->entries[(*place)++];

        if (!is_free(entry))
            return entry;
    }
    return NULL;
}
