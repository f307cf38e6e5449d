/*
 * thttpd's form through the whole load; an input that begins with a line "flags" stands for a
 * command line. Whatever it is, every diagnostic must point into its line.
 */
#include "config/load.h"
#include "config/read_thttpd.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char included[] = "port=81 nochroot\nlogfile=/dev/null # none";

static struct source_text *fuzz_find(struct source *source, struct arena *arena, struct slice path,
                                     const char **ret_why)
{
    struct source_text *text;

    (void)source;
    *ret_why = "not there";
    if (!slice_equal_cstr(path, "file"))
        return NULL;
    text = arena_new(arena, struct source_text);
    *text = (struct source_text){ .name = "file", .text = slice_cstr(included) };
    return text;
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
    const struct slice mark = SLICE("flags\n");
    struct arena arena = { 0 };
    struct diags diags;
    struct source source = { .find = fuzz_find, .folder = SLICE("/etc/longhouse") };
    struct source_text text = { .name = "thttpd.conf", .text = slice_of((const char *)data, size) };
    struct load load = { .arena = &arena, .diags = &diags, .source = &source };

    diags_init(&diags, &arena);
    if (slice_starts(text.text, mark)) {
        text.name = THTTPD_FLAGS_NAME;
        text.text = slice_skip(text.text, mark.len);
    }
    struct server_conf *conf = load_config(&load, &text);

    assert((conf == NULL) == (diags.errors > 0));
    check_diags(&diags);
    text.name = "any.conf";
    (void)thttpd_recognise(&text);
    arena_done(&arena);
    return 0;
}
