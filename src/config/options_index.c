/* Options about folders that the server shows itself. */
#include "build.h"

static void show_index_set(struct build *build, void *record, const struct tree_node *node,
                           const struct option_row *row)
{
    static const char *const words[] = { "no", "yes", "xml" };
    enum conf_show_index *member = (enum conf_show_index *)(void *)((char *)record + row->offset);

    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!slice_equal_nocase(node->value, slice_cstr(words[i])))
            continue;
        *member = (enum conf_show_index)i;
        return;
    }
    if (slice_starts(node->value, SLICE("/")))
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, node->value,
                              "an XSLT file for ShowIndex is Hiawatha's and not available yet"),
                  "write yes for a page, or xml and let a program make of it what you want");
    else
        build_fault(build, DIAG_ERROR, node, node->value,
                    "'ShowIndex' must be no, yes or xml, not '%.*s'", SLICE_ARGS(node->value));
}

static const struct option_row rows[] = {
    {
        .name = "ShowIndex",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY | SCOPE_LOCAL,
        AT_FOLDER(show_index),
        .fallback = "no",
        .set = show_index_set,
        .grammar = "no | yes | xml",
        .text =
            "What a folder without a start file is answered with: 404, a page that lists its "
            "files and folders, or the same as XML. Hidden files, the source of programs that "
            "do not run here, what the server cannot read and what AccessList keeps from the "
            "client are left out. `?sort=name`, `size` or `date`, with a `-` in front the other "
            "way round. At most 200,000 entries are shown.",
    },
};

const struct option_group index_options = { rows, sizeof(rows) / sizeof(rows[0]) };
