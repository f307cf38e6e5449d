/* Tasks that decode are encoded again to the same bytes; so is what a state says. */
#include "ipc/acme.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_tasks(struct slice bytes)
{
    struct arena arena = { 0 };
    struct acme_tasks tasks;
    struct parse_fault fault;

    if (acme_tasks_decode(bytes, &arena, &tasks, &fault) == PARSE_DONE) {
        char *back;
        size_t len;

        acme_tasks_encode(&tasks, &back, &len);
        assert(slice_equal(bytes, slice_of(back, len)));
        free(back);
    } else {
        assert(fault.at <= bytes.len && fault.why);
    }
    arena_done(&arena);
}

static void try_state(struct slice bytes)
{
    char room[2 * ACME_STATE_MOST];
    struct text text = text_on(room, sizeof(room));
    struct acme_state state;
    struct acme_state again;
    struct parse_fault fault;

    if (acme_state_decode(bytes, &state, &fault) != PARSE_DONE) {
        assert(fault.at <= bytes.len && fault.why);
        return;
    }
    acme_state_encode(&state, &text);
    assert(text.len <= bytes.len); /* zeros in front of a number are gone */
    assert(acme_state_decode(text_slice(&text), &again, &fault) == PARSE_DONE);
    assert(again.until_unix_s == state.until_unix_s && again.next_unix_s == state.next_unix_s);
    assert(slice_equal(again.id, state.id) && slice_equal(again.error, state.error));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_tasks(slice_of(data, size));
    try_state(slice_of(data, size));
    return 0;
}
