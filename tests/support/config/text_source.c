#include "config/text_source.h"

#include <stdio.h>
#include <stdlib.h>

static bool lies_in(const char *path, struct slice folder)
{
    struct slice whole = slice_cstr(path);

    return slice_starts(whole, folder) && whole.len > folder.len && path[folder.len] == '/';
}

static struct source_text *text_find(struct source *source, struct arena *arena, struct slice path,
                                     const char **ret_why)
{
    struct text_source *self = (struct text_source *)source;
    struct source_text *first = NULL;
    struct source_text **end = &first;

    for (size_t i = 0; i < self->count; i++) {
        const struct text_file *file = &self->files[i];

        if (!slice_equal_cstr(path, file->path) && !lies_in(file->path, path))
            continue;
        struct source_text *text = arena_new(arena, struct source_text);
        *text = (struct source_text){ .name = file->path, .text = slice_cstr(file->text) };
        *end = text;
        end = &text->next;
    }
    if (!first)
        *ret_why = "No such file or directory";
    return first;
}

void text_source_init(struct text_source *source, const struct text_file *files, size_t count)
{
    *source = (struct text_source){
        .source = { .find = text_find, .folder = SLICE("/etc/longhouse") },
        .files = files,
        .count = count,
    };
}

void loaded_files(struct loaded *loaded, const struct text_file *files, size_t count)
{
    *loaded = (struct loaded){ 0 };
    arena_init(&loaded->arena);
    diags_init(&loaded->diags, &loaded->arena);
    text_source_init(&loaded->source, files, count);

    struct load load = {
        .arena = &loaded->arena,
        .diags = &loaded->diags,
        .source = &loaded->source.source,
    };
    struct source_text main = { .name = files[0].path, .text = slice_cstr(files[0].text) };
    loaded->conf = load_config(&load, &main);
}

void loaded_text(struct loaded *loaded, const char *text)
{
    const struct text_file file = { "longhouse.conf", text };

    loaded_files(loaded, &file, 1);
    loaded->source.files = NULL; /* was on this stack; the load is over */
    loaded->source.count = 0;
}

void loaded_done(struct loaded *loaded)
{
    arena_done(&loaded->arena);
}

char *loaded_report(const struct loaded *loaded)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        abort();
    diags_print(&loaded->diags, out, false);
    fclose(out);
    return text;
}
