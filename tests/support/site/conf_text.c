#include "config/text_source.h"
#include "site/conf.h"

#include <check.h>
#include <stdlib.h>

struct snapshot *conf_text_snapshot(const char *text)
{
    struct arena *arena = calloc(1, sizeof(*arena));
    struct text_source source;
    struct diags diags;

    ck_assert_ptr_nonnull(arena);
    const struct text_file file = { "longhouse.conf", arena_cstr(arena, slice_cstr(text)) };
    const struct source_text main = { .name = file.path, .text = slice_cstr(file.text) };
    text_source_init(&source, &file, 1);
    diags_init(&diags, arena);
    struct load load = { .arena = arena, .diags = &diags, .source = &source.source };
    const struct server_conf *conf = load_config(&load, &main);
    if (!conf)
        diags_print(&diags, stderr, false);
    ck_assert_ptr_nonnull(conf);
    return snapshot_build(conf, arena, NULL);
}
