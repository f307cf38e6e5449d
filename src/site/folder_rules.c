#include "site/folder_rules.h"

#include "config/folder.h"

/* What a request is known by. */
struct names {
    const struct folder_names *asked;
    const struct resource *found; /* NULL: it is not looked for yet */
};

static bool covers(const struct conf_word *folder, struct slice path)
{
    for (; folder; folder = folder->next) {
        size_t len = folder->text.len;

        if (len == 1 ||
            (slice_starts(path, folder->text) && (path.len == len || path.at[len] == '/')))
            return true;
    }
    return false;
}

static bool has_extension(const struct conf_word *extension, const struct resource *found)
{
    for (; extension; extension = extension->next)
        if (slice_equal_nocase(extension->text, found->extension))
            return true;
    return false;
}

static bool applies(const struct directory_conf *directory, const struct names *names)
{
    if (directory->extensions &&
        (!names->found || !has_extension(directory->extensions, names->found)))
        return false;
    return covers(directory->paths, names->asked->path) ||
           covers(directory->paths, names->asked->asked) ||
           (names->found && covers(directory->paths, names->found->script_name));
}

/* What is laid over something: a copy. */
struct merge {
    struct folder_conf *merged; /* NULL: nothing was laid over the host's own record yet */
    const struct host *host;
    struct arena *arena;
};

static void lay_over(struct merge *merge, const struct directory_conf *directory)
{
    if (!merge->merged) {
        merge->merged = arena_new(merge->arena, struct folder_conf);
        *merge->merged = merge->host->conf->folder;
    }
    folder_lay_over(merge->merged, directory, merge->arena);
}

static const struct folder_conf *merge_all(const struct host *host, const struct names *names,
                                           struct arena *arena)
{
    const struct locals *locals = names->asked->locals;
    struct merge merge = { .host = host, .arena = arena };

    for (unsigned i = 0; locals && i < locals->count; i++)
        lay_over(&merge, locals->at[i]);
    for (unsigned i = 0; i < host->conf->directory_count; i++)
        if (applies(host->conf->directories[i], names))
            lay_over(&merge, host->conf->directories[i]);
    return merge.merged ? merge.merged : &host->conf->folder;
}

const struct folder_conf *folder_rules_for_path(const struct host *host,
                                                const struct folder_names *asked,
                                                struct arena *arena)
{
    const struct names names = { .asked = asked };

    return merge_all(host, &names, arena);
}

/* More sections may apply now, never fewer: only then it is done again. */
static bool finds_more(const struct host *host, const struct names *names)
{
    const struct names before = { .asked = names->asked };

    for (unsigned i = 0; i < host->conf->directory_count; i++)
        if (applies(host->conf->directories[i], names) !=
            applies(host->conf->directories[i], &before))
            return true;
    return false;
}

const struct folder_conf *folder_rules_for_found(const struct host *host,
                                                 const struct folder_names *asked,
                                                 const struct resource *found,
                                                 const struct folder_conf *before,
                                                 struct arena *arena)
{
    const struct names names = { .asked = asked, .found = found };

    return finds_more(host, &names) ? merge_all(host, &names, arena) : before;
}

void folder_rules_tell(const struct host *host, const struct folder_names *asked,
                       const struct resource *found, struct trace *trace)
{
    const struct names names = { .asked = asked, .found = found };

    for (unsigned i = 0; i < host->conf->directory_count; i++) {
        const struct directory_conf *directory = host->conf->directories[i];
        const bool covered = applies(directory, &names);

        trace_note_at(trace, TRACE_DIRECTORY, trace_mark_of(covered), &directory->place,
                      "Directory '%.*s'%s", SLICE_ARGS(directory->id),
                      covered ? "" : " is for other paths or extensions");
    }
}
