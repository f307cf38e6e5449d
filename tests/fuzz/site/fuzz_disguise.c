/*
 * Spellings of texts: whatever is undone is no longer than it was, undoing it in its own memory
 * gives the same, and a text whose scripts were tamed has none, at its old length.
 */
#include "site/disguise.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_undo(struct slice text, struct slice (*undo)(struct slice text, char *out))
{
    char *room = malloc(text.len + 1);
    char *same = malloc(text.len + 1);

    assert(room && same);
    memcpy(same, text.at, text.len);
    const struct slice plain = undo(text, room);
    assert(plain.len <= text.len);
    assert(slice_equal(plain, undo(slice_of(same, text.len), same)));
    free(room);
    free(same);
}

static void check_scripts(struct slice text)
{
    char *copy = malloc(text.len + 1);
    struct slice tamed;
    struct slice at;
    size_t rounds = 0;

    assert(copy);
    memcpy(copy, text.at, text.len);
    tamed = slice_of(copy, text.len);
    while (disguise_find_script(tamed, &at)) {
        assert(at.at >= tamed.at && at.at + at.len <= tamed.at + tamed.len);
        assert(++rounds <= text.len);
        disguise_tame(at);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slice text = slice_of(size > 0 ? (const char *)data : "", size);

    check_undo(text, disguise_undo);
    check_undo(text, disguise_undo_sql);
    check_scripts(text);
    return 0;
}
