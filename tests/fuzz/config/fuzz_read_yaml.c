/*
 * YAML through the whole load. Whatever it is, every diagnostic must point into its line; and what
 * was read is written as YAML and read again without a loss.
 */
#include "config/load.h"
#include "config/read_yaml.h"
#include "config/write.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct source_text *fuzz_find(struct source *source, struct arena *arena, struct slice path,
                                     const char **ret_why)
{
    struct source_text *text;

    (void)source;
    *ret_why = "not there";
    if (!slice_equal_cstr(path, "a.yaml") && !slice_equal_cstr(path, "b.conf"))
        return NULL;
    text = arena_new(arena, struct source_text);
    *text = slice_equal_cstr(path, "a.yaml")
                ? (struct source_text){ .name = "a.yaml", .text = SLICE("Include: b.conf\nA: [b]") }
                : (struct source_text){ .name = "b.conf", .text = SLICE("Include a.yaml\nB = c") };
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

/* Malloc'd. */
static char *write_out(const struct tree *tree, struct diags *diags, size_t *ret_len,
                       bool *ret_good)
{
    char *bytes = NULL;
    FILE *out = open_memstream(&bytes, ret_len);

    if (!out)
        abort();
    *ret_good = write_tree(tree, WRITE_YAML, diags, out);
    fclose(out);
    return bytes;
}

static void check_written(const struct load *load, const struct tree *tree)
{
    struct tree again;
    size_t len;
    size_t len_again;
    bool good;
    char *text = write_out(tree, load->diags, &len, &good);
    const struct source_text source = { .name = "again.yaml", .text = slice_of(text, len) };

    if (good) {
        unsigned errors_before = load->diags->errors;

        assert(load_tree(load, &source, &again));
        assert(load->diags->errors == errors_before);
        char *text_again = write_out(&again, load->diags, &len_again, &good);
        assert(good && slice_equal(slice_of(text, len), slice_of(text_again, len_again)));
        free(text_again);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct source_text text = { .name = "longhouse.yaml",
                                      .text = slice_of((const char *)data, size) };
    struct arena arena = { 0 };
    struct diags diags;
    struct source source = { .find = fuzz_find, .folder = SLICE("/etc/longhouse") };
    struct load load = { .arena = &arena, .diags = &diags, .source = &source };
    struct tree tree;

    diags_init(&diags, &arena);
    struct server_conf *conf = load_config(&load, &text);
    assert((conf == NULL) == (diags.errors > 0));
    check_diags(&diags);
    if (load_tree(&load, &text, &tree))
        check_written(&load, &tree);
    arena_done(&arena);
    return 0;
}
