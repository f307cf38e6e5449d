/*
 * One value for every option there is: the input is put behind the name of each row, alone in the
 * section it belongs in. A value that is refused must be explained.
 */
#include "build.h"
#include "config/text_source.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct source_text *find_nothing(struct source *source, struct arena *arena,
                                        struct slice path, const char **ret_why)
{
    (void)source;
    (void)arena;
    (void)path;
    *ret_why = "not there";
    return NULL;
}

static const struct {
    unsigned scope;
    const char *before;
    const char *after;
} places[] = {
    { SCOPE_SERVER, "", "Binding {\nPort = 80\n}\nHostname = a\nWebsiteRoot = /srv\n" },
    { SCOPE_HOST, "", "Binding {\nPort = 80\n}\n" },
    { SCOPE_BINDING, "Binding {\n", "}\nHostname = a\nWebsiteRoot = /srv\n" },
    { SCOPE_FASTCGI, "FastCGIserver {\n", "}\nHostname = a\nWebsiteRoot = /srv\n" },
    { SCOPE_TOOLKIT, "Binding {\nPort = 80\n}\nUrlToolkit {\nToolkitID = x\n",
      "}\nHostname = a\nWebsiteRoot = /srv\n" },
};

static void try_value(const struct option_row *row, size_t place, struct slice value)
{
    struct source source = { .find = find_nothing, .folder = SLICE("/etc/longhouse") };
    struct arena arena = { 0 };
    struct diags diags;
    struct slice text;

    diags_init(&diags, &arena);
    const struct slice parts[] = {
        slice_cstr(places[place].before), slice_cstr(row->name), SLICE(" = "), value, SLICE("\n"),
        slice_cstr(places[place].after),
    };
    text = arena_join(&arena, parts, sizeof(parts) / sizeof(parts[0]));
    struct source_text main = { .name = "longhouse.conf", .text = text };
    struct load load = { .arena = &arena, .diags = &diags, .source = &source };
    struct server_conf *conf = load_config(&load, &main);

    assert((conf == NULL) == (diags.errors > 0));
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (const struct option_row *row = option_next(NULL); row; row = option_next(row)) {
        if (row->type == OPT_NEEDLESS || row->type == OPT_GONE)
            continue;
        for (size_t place = 0; place < sizeof(places) / sizeof(places[0]); place++) {
            if (row->scopes & places[place].scope)
                try_value(row, place, slice_of(data, size));
        }
    }
    return 0;
}
