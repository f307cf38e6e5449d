/* Any bytes as cgi-wrapper.conf: each fault is explained at a place, and no account is half there.
 */
#include "build.h"
#include "config/roots.h"
#include "config/text_source.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct source_text wrapper = { .name = "cgi-wrapper.conf" };

static struct source_text *find_wrapper(struct source *source, struct arena *arena,
                                        struct slice path, const char **ret_why)
{
    (void)source;
    (void)arena;
    if (slice_equal_cstr(path, wrapper.name))
        return &wrapper;
    *ret_why = "not there";
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source source = { .find = find_wrapper, .folder = SLICE("/etc/longhouse") };
    struct source_text main = { .name = "longhouse.conf",
                                .text = SLICE("Hostname = a\nWebsiteRoot = /srv\nWrapCGI = shop\n"
                                              "Binding {\nPort = 80\n}\nUseDirectory = d\n"
                                              "Directory {\nDirectoryID = d\nPath = /d\n"
                                              "WrapCGI = shop\n}\n") };
    struct arena arena = { 0 };
    struct diags diags;

    wrapper.text = slice_of(data, size);
    diags_init(&diags, &arena);
    struct load load = { .arena = &arena, .diags = &diags, .source = &source };
    struct server_conf *conf = load_config(&load, &main);

    assert((conf == NULL) == (diags.errors > 0));
    for (const struct diag *diag = diags.first; diag; diag = diag->next)
        assert(diag->place.file && diag->message.len > 0);
    for (unsigned i = 0; conf && i < 2; i++) {
        const struct confine_conf *confine = roots_confine(conf->hosts, i);
        assert(confine->user.len > 0 && confine->user_place.file);
        assert(slice_starts(confine->below, SLICE("/")) ||
               slice_starts(confine->below, SLICE("~")));
        assert(confine->chroot.len == 0 ||
               (confine->chroot.at[0] == '/' && slice_starts(confine->below, confine->chroot) &&
                confine->below.at[confine->chroot.len] == '/' && !slice_has(confine->below, '|')));
    }
    arena_done(&arena);
    return 0;
}
