/* Directory sections, and UseDirectory of the hosts: which rules hold for which paths. */
#include "build.h"

static void path_set(struct build *build, void *record, const struct tree_node *node,
                     const struct option_row *row)
{
    struct directory_conf *directory = record;
    struct items items = items_of(build, node, row, node->value);
    struct slice item;

    while (items_next(&items, &item)) {
        struct slice path = item;

        if (path.len > 1 && path.at[path.len - 1] == '/')
            path.len--;
        const char *why = slice_equal_cstr(path, "/") ? NULL : url_path_fault(path);
        if (why)
            diag_hint(build->diags,
                      build_fault(build, DIAG_ERROR, node, item, "'%.*s' is no path of a URL",
                                  SLICE_ARGS(item)),
                      "%s; for example: Path = /private", why);
        else if (!words_have(directory->paths, path))
            words_add(build->arena, &directory->paths, path);
    }
}

static void use_directory_set(struct build *build, void *record, const struct tree_node *node,
                              const struct option_row *row)
{
    struct vhost_conf *host = record;
    struct items items = items_of(build, node, row, node->value);
    struct slice item;

    while (items_next(&items, &item)) {
        if (words_have(host->use_directory_ids, item))
            continue;
        words_add(build->arena, &host->use_directory_ids, item);
        build_mention(build, &build->use_directories, item, tree_place(node, item), host);
    }
}

static const struct option_row rows[] = {
    {
        .name = "UseDirectory",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        .set = use_directory_set,
        .grammar = "DirectoryID[, DirectoryID ...]",
        .text = "Directory sections that hold for the host, in this order: all that cover a "
                "request count, and what a later one says overrides an earlier one and the host. "
                "May be repeated.",
    },
    {
        .name = "DirectoryID",
        .type = OPT_TEXT,
        .scopes = SCOPE_DIRECTORY,
        AT(directory_conf, id),
        .repeat = REPEAT_REFUSED,
        .required = true,
        .grammar = "text",
        .text = "The name of the section, for UseDirectory.",
    },
    {
        .name = "Path",
        .type = OPT_OWN,
        .scopes = SCOPE_DIRECTORY,
        .repeat = REPEAT_APPENDS,
        .required = true,
        .set = path_set,
        .grammar = "/PATH[, /PATH ...]",
        .text = "What the section covers: `/x` is /x itself and everything below it, `/` the whole "
                "website. Compared with the path of the URL as it is when it is decoded and "
                "cleaned, so that no other spelling gets around it, and with the path of the file "
                "that answers (a start file, the FrontController): one of them is enough. May be "
                "repeated.",
    },
    {
        .name = "Extensions",
        .type = OPT_OWN,
        .scopes = SCOPE_DIRECTORY,
        .repeat = REPEAT_APPENDS,
        AT(directory_conf, extensions),
        .set = extensions_set,
        .grammar = "EXT[, EXT ...]",
        .text = "The section covers only files with one of these extensions, in any case; the file "
                "is the one that answers, so `php` covers a folder whose start file is index.php. "
                "Such a section cannot say anything about how the file is found (StartFile, "
                "EnablePathInfo, FollowSymlinks). May be repeated.",
    },
};

const struct option_group directory_options = { rows, sizeof(rows) / sizeof(rows[0]) };
