/*
 * Whatever the bytes are, each line is told at most once, and what counts can be found.
 */
#include "config/password_file.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned told;

static void count(struct password_critic *critic, unsigned line, const char *why)
{
    (void)critic;
    assert(line > told && why);
    told = line;
}

static void check_entries(const struct password_file *file)
{
    for (unsigned i = 0; i < file->entry_count; i++)
        assert(password_file_user(file, file->entries[i]->name) == file->entries[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct password_critic critic = { .fault = count, .doubt = count };
    struct slice text = slice_of(data, size);

    for (int kind = PASSWORD_BASIC; kind <= PASSWORD_GROUPS; kind++) {
        struct password_file file;
        struct arena arena;

        told = 0;
        arena_init(&arena);
        password_file_parse(text, (enum password_kind)kind, &arena, &critic, &file);
        check_entries(&file);
        password_file_digest(&file, DIGEST_SHA256, text, text);
        password_file_is_member(&file, text, text);
        password_file_done(&file);
        arena_done(&arena);
    }
    return 0;
}
