/*
 * Block configuration through the whole load: the input is a main text and up to three included
 * ones, parted by lines of "%%". Whatever it is, every diagnostic must point into its line.
 */
#include "config/load.h"
#include "config/summary.h"
#include "config/text_source.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS_MOST 4u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[TEXTS_MOST] = { "longhouse.conf", "a", "d/b", "d/c" };

struct fuzz_source {
    struct source source;
    struct source_text texts[TEXTS_MOST];
    size_t count;
};

static struct source_text *fuzz_find(struct source *source, struct arena *arena, struct slice path,
                                     const char **ret_why)
{
    struct fuzz_source *self = (struct fuzz_source *)source;
    struct source_text *first = NULL;
    struct source_text **end = &first;

    for (size_t i = 0; i < self->count; i++) {
        bool in_folder = slice_equal_cstr(path, "d") && names[i][0] == 'd';
        if (!in_folder && !slice_equal_cstr(path, names[i]))
            continue;
        struct source_text *text = arena_new(arena, struct source_text);
        *text = (struct source_text){ .name = names[i], .text = self->texts[i].text };
        *end = text;
        end = &text->next;
    }
    *ret_why = "not there";
    return first;
}

static void cut_texts(struct fuzz_source *source, struct slice input)
{
    while (source->count < TEXTS_MOST) {
        size_t mark = slice_find_slice(input, SLICE("\n%%\n"));
        size_t len = mark == SLICE_NONE ? input.len : mark + 1;

        source->texts[source->count] =
            (struct source_text){ .name = names[source->count], .text = slice_first(input, len) };
        source->count++;
        if (mark == SLICE_NONE)
            return;
        input = slice_skip(input, mark + 4);
    }
}

static void check_diags(const struct diags *diags)
{
    for (const struct diag *diag = diags->first; diag; diag = diag->next) {
        const struct diag_place *place = &diag->place;

        assert(place->file);
        assert(diag->message.len > 0);
        if (place->column > 0)
            assert(place->column - 1 + place->span <= place->text.len + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    struct arena arena = { 0 };
    struct diags diags;
    struct fuzz_source source = {
        .source = { .find = fuzz_find, .folder = SLICE("/etc/longhouse") },
    };

    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    diags_init(&diags, &arena);
    cut_texts(&source, slice_of(data, size));
    struct load load = { .arena = &arena, .diags = &diags, .source = &source.source };
    struct server_conf *conf = load_config(&load, &source.texts[0]);

    assert((conf == NULL) == (diags.errors > 0));
    check_diags(&diags);
    if (nowhere) {
        diags_print(&diags, nowhere, true);
        if (conf)
            summary_print(conf, nowhere, NULL);
    }
    arena_done(&arena);
    return 0;
}
