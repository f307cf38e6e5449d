/* Options about which file a path means. */
#include "build.h"

static void start_file_set(struct build *build, void *record, const struct tree_node *node,
                           const struct option_row *row)
{
    struct conf_word **list = (struct conf_word **)(void *)((char *)record + row->offset);
    struct items items = items_of(build, node, row, node->value);
    struct slice item;

    if (node->pieces && !build_given(build, row))
        *list = NULL; /* the first use replaces the default */
    while (items_next(&items, &item)) {
        if (slice_has(item, '/') || item.len > 255)
            build_fault(build, DIAG_ERROR, node, item,
                        "'StartFile' must be a file name without '/' of at most 255 bytes");
        else if (!words_have(*list, item))
            words_add(build->arena, list, item);
    }
}

static void no_extension_as_set(struct build *build, void *record, const struct tree_node *node,
                                const struct option_row *row)
{
    struct vhost_conf *host = record;

    (void)row;
    extension_clean(build, node, node->value, &host->no_extension_as);
}

const char *url_path_fault(struct slice path)
{
    struct slice part;

    if (!slice_starts(path, SLICE("/")))
        return "it begins with '/', which stands for the WebsiteRoot";
    if (slice_has(path, '?') || slice_has(path, '%'))
        return "write the path alone, as it lies on the disk: no query, no %XX";
    path = slice_skip(path, 1);
    while (slice_next(&path, '/', &part)) {
        if (part.len == 0 || slice_equal_cstr(part, ".") || slice_equal_cstr(part, ".."))
            return "write it the short way, without '//', '/./' and '/../'";
    }
    return NULL;
}

/* Why this cannot be the path of a file in a URL, or NULL. */
static const char *file_path_fault(struct slice path)
{
    if (slice_starts(path, SLICE("/")) && path.at[path.len - 1] == '/')
        return "it is a file, not a folder";
    return url_path_fault(path);
}

static void front_controller_set(struct build *build, void *record, const struct tree_node *node,
                                 const struct option_row *row)
{
    struct vhost_conf *host = record;
    const char *why = file_path_fault(node->value);

    if (why) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, node->value,
                              "'%s' must be the path of a file, not '%.*s'", row->name,
                              SLICE_ARGS(node->value)),
                  "%s; for example: FrontController = /index.php", why);
        return;
    }
    host->front_controller = slice_cstr(arena_cstr(build->arena, slice_skip(node->value, 1)));
    host->front_controller_place = tree_place(node, node->value);
}

static const struct option_row rows[] = {
    {
        .name = "StartFile",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY | SCOPE_LOCAL,
        AT_FOLDER(start_files),
        .repeat = REPEAT_APPENDS,
        .fallback = "index.html",
        .set = start_file_set,
        .grammar = "FILE[, FILE ...]",
        .text = "What is served for a folder: the first of these files that is there. May be "
                "repeated; the first "
                "use replaces the default, further ones are added. (One name only in Hiawatha.)",
    },
    {
        .name = "NoExtensionAs",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .set = no_extension_as_set,
        .grammar = "EXT",
        .text = "Extension that files without one are taken to have.",
    },
    {
        .name = "HostFolders",
        .type = OPT_YES_NO,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, host_folders),
        .fallback = "no",
        .grammar = "yes | no",
        .text =
            "Whether WebsiteRoot holds a folder for each name that is asked for, in small "
            "letters: `http://www.example.org/a` is then the file `www.example.org/a` below "
            "it, and a further name is a further folder or a symbolic link to one, without a "
            "reload. A request without a name means the address that it came to. A name without "
            "a folder is 404. CGIpattern and ThrottlePattern are compared with the whole path "
            "below WebsiteRoot. The host takes all names that no other host has when it is the "
            "default host. This is thttpd's `vhost`; Alias, ScriptAlias, UserWebsites and "
            "FrontController belong into a VirtualHost of their own. (Longhouse only.)",
    },
    {
        .name = "EnablePathInfo",
        .type = OPT_YES_NO,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY,
        AT_FOLDER(enable_path_info),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "Whether `/script.php/extra` runs script.php with PATH_INFO `/extra`. Otherwise it "
                "is 404.",
    },
    {
        .name = "FrontController",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .set = front_controller_set,
        .grammar = "/FILE, a path below the WebsiteRoot",
        .text = "The script (or page) that answers for every path that is no file and no folder "
                "with a start file: `/index.php` for WordPress, Laravel, Symfony, MediaWiki and "
                "their like. It gets REQUEST_URI and the query as they came, and no PATH_INFO; "
                "`/index.php/more` has it, also without EnablePathInfo. A file of its name is a "
                "start file as well, after those of StartFile. What goes on behind a file that is "
                "no script (`/photo.jpg/x.php`) stays 404.",
    },
};

const struct option_group path_options = { rows, sizeof(rows) / sizeof(rows[0]) };
