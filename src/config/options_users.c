/* Options about websites of accounts: /~NAME/. */
#include "build.h"

static void user_websites_set(struct build *build, void *record, const struct tree_node *node,
                              const struct option_row *row)
{
    struct vhost_conf *host = record;
    struct users_conf *users = &build->conf->users;

    yes_no_parse(build, &host->user_websites, node, row);
    if (host->user_websites && !users->place.file)
        users->place = tree_place(node, node->value);
}

static void wrap_user_cgi_set(struct build *build, void *record, const struct tree_node *node,
                              const struct option_row *row)
{
    struct users_conf *users = &((struct server_conf *)record)->users;

    yes_no_parse(build, &users->wrap, node, row);
    if (node->pieces)
        users->wrap_place = tree_place(node, node->value);
}

static bool is_folder_name(struct slice folder)
{
    bool more = true;

    while (more) {
        struct slice segment;

        more = slice_cut(folder, '/', &segment, &folder);
        if (segment.len == 0 || segment.at[0] == '.' || slice_has(segment, '\0'))
            return false;
    }
    return true;
}

static void user_directory_set(struct build *build, void *record, const struct tree_node *node,
                               const struct option_row *row)
{
    struct users_conf *users = &((struct server_conf *)record)->users;
    struct slice folder = node->value;

    while (slice_ends(folder, SLICE("/")))
        folder.len--;
    if (is_folder_name(folder))
        users->directory = slice_cstr(arena_cstr(build->arena, folder));
    else
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, node->value,
                              "'%s' must be a folder below each home, whose name does not begin "
                              "with '/' or '.', not '%.*s'",
                              row->name, SLICE_ARGS(node->value)),
                  "for example: %s = public_html", row->name);
}

static const struct option_row rows[] = {
    {
        .name = "UserWebsites",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .fallback = "no",
        .set = user_websites_set,
        .grammar = "yes | no",
        .text = "Whether `/~NAME/` is the website of the account NAME: the folder of UserDirectory "
                "in its home. It must belong to the account or to root, and no symbolic link may "
                "lead to it. Accounts below number 1000 (or MinUid, when that is more) have none. "
                "They are looked for when the configuration is loaded: a new one counts from the "
                "next reload on. What holds for paths of the host (Directory sections, AccessList, "
                "PasswordFile) holds for these paths; Alias and FrontController do not.",
    },
    {
        .name = "UserDirectory",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .fallback = "public_html",
        .set = user_directory_set,
        .grammar = "relative path",
        .text = "The folder in each home for UserWebsites.",
    },
    {
        .name = "WrapUserCGI",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .fallback = "no",
        .set = wrap_user_cgi_set,
        .grammar = "yes | no",
        .text = "Whether CGI programs below `/~NAME/` run as the account NAME, with its groups. "
                "Script and folder must belong to it or to root and be writable by nobody else. "
                "Needs a house started by root. `no`: they run as those of the host do, which is "
                "the user of the server without RunAs.",
    },
};

const struct option_group user_options = { rows, sizeof(rows) / sizeof(rows[0]) };
