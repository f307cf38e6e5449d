/* Options about folders that the server shows itself. */
#include "build.h"

static void show_index_set(struct build *build, void *record, const struct tree_node *node,
                           const struct option_row *row)
{
    static const char *const words[] = { "no", "yes", "xml" };
    struct show_index_conf *member =
        (struct show_index_conf *)(void *)((char *)record + row->offset);

    *member = (struct show_index_conf){ 0 };
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!slice_equal_nocase(node->value, slice_cstr(words[i])))
            continue;
        member->as = (enum conf_index)i;
        return;
    }
    if (!slice_starts(node->value, SLICE("/"))) {
        build_fault(build, DIAG_ERROR, node, node->value,
                    "'ShowIndex' must be no, yes, xml or the path of a stylesheet, not '%.*s'",
                    SLICE_ARGS(node->value));
        return;
    }
    if (build->local_folder.len > 0) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, node->value,
                              "a .hiawatha names no stylesheet for ShowIndex"),
                  "write yes or xml here, or the path in the configuration of the house");
        return;
    }
    member->as = INDEX_XML;
    path_clean(build, node, row, node->value, &member->stylesheet);
}

static const struct option_row rows[] = {
    {
        .name = "ShowIndex",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY | SCOPE_LOCAL,
        AT_FOLDER(show_index),
        .fallback = "no",
        .set = show_index_set,
        .grammar = "no | yes | xml | /PATH/OF/STYLESHEET",
        .text =
            "What a folder without a start file is answered with: 404, a page that lists its "
            "files and folders, the same as XML, or what a stylesheet makes of that XML (as for "
            "UseXSLT; not in a .hiawatha). Hidden files, the source of programs that "
            "do not run here, what the server cannot read and what AccessList keeps from the "
            "client are left out. `?sort=name`, `size` or `date`, with a `-` in front the other "
            "way round. At most 200,000 entries are shown.",
    },
};

const struct option_group index_options = { rows, sizeof(rows) / sizeof(rows[0]) };
