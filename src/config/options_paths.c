/* Options about which file a path means. */
#include "build.h"

static void start_file_set(struct build *build, void *record, const struct tree_node *node,
                           const struct option_row *row)
{
    struct vhost_conf *host = record;
    struct items items = items_of(build, node, row, node->value);
    struct slice item;

    if (node->pieces && !build_given(build, row))
        host->start_files = NULL; /* the first use replaces the default */
    while (items_next(&items, &item)) {
        if (slice_has(item, '/') || item.len > 255)
            build_fault(build, DIAG_ERROR, node, item,
                        "'StartFile' must be a file name without '/' of at most 255 bytes");
        else if (!words_have(host->start_files, item))
            words_add(build->arena, &host->start_files, item);
    }
}

static void no_extension_as_set(struct build *build, void *record, const struct tree_node *node,
                                const struct option_row *row)
{
    struct vhost_conf *host = record;

    (void)row;
    extension_clean(build, node, node->value, &host->no_extension_as);
}

static const struct option_row rows[] = {
    {
        .name = "StartFile",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
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
        .name = "EnablePathInfo",
        .type = OPT_YES_NO,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, enable_path_info),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "Whether `/script.php/extra` runs script.php with PATH_INFO `/extra`. Otherwise it "
                "is 404.",
    },
};

const struct option_group path_options = { rows, sizeof(rows) / sizeof(rows[0]) };
