/* Options about what is said of files besides their bytes. */
#include "build.h"

#include <stdint.h>

/* As in a Content-Type: a token of RFC 9110 5.6.2, which all names of IANA are. */
static bool is_charset(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];

        if (!ascii_is_alpha(c) && !ascii_is_digit(c) && !(c == '-' || c == '_' || c == ':'))
            return false;
    }
    return text.len > 0 && text.len <= CHARSET_MOST;
}

static void charset_set(struct build *build, void *record, const struct tree_node *node,
                        const struct option_row *row)
{
    struct vhost_conf *host = record;

    if (is_charset(node->value)) {
        host->charset = slice_equal_cstr(node->value, "none")
                            ? SLICE("")
                            : arena_copy(build->arena, node->value);
        return;
    }
    diag_hint(build->diags,
              build_fault(build, DIAG_ERROR, node, node->value,
                          "'%s' must be the name of a character set, not '%.*s'", row->name,
                          SLICE_ARGS(node->value)),
              "for example: Charset = utf-8, or iso-8859-1, or none");
}

static void max_age_set(struct build *build, void *record, const struct tree_node *node,
                        const struct option_row *row)
{
    struct vhost_conf *host = record;

    host->has_max_age = duration_parse(build, node, row, node->value, &host->max_age_ms);
}

static const struct option_row rows[] = {
    {
        .name = "Charset",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .fallback = "utf-8",
        .set = charset_set,
        .grammar = "NAME | none",
        .text = "The character set in the Content-Type of text files whose type (MimetypeConfig) "
                "names none. `none`: none is said, and the pages must say it themselves.",
    },
    {
        .name = "MaxAge",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .least = 0,
        .most = UINT64_C(365) * 86400 * 1000,
        .unit = 1000,
        .set = max_age_set,
        .grammar = "seconds, or with a unit",
        .text = "How long browsers and proxies may keep files without asking again: Cache-Control "
                "and Expires of each file. 0: they ask each time. Without this option nothing is "
                "said, and they decide by the age of the file.",
    },
};

const struct option_group file_options = { rows, sizeof(rows) / sizeof(rows[0]) };
