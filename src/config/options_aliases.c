/* Alias and ScriptAlias: paths of the URL that lie elsewhere than below the WebsiteRoot. */
#include "build.h"

/* "/PATH:/PLACE", parted at the first colon. False: an error was said. */
static bool split(struct build *build, const struct tree_node *node, const struct option_row *row,
                  struct slice *ret_url, struct slice *ret_place)
{
    bool complete = slice_cut(node->value, ':', ret_url, ret_place);

    *ret_url = slice_trim(*ret_url);
    *ret_place = slice_trim(*ret_place);
    if (complete && ret_url->len > 0 && ret_place->len > 0)
        return true;
    diag_hint(build->diags,
              build_fault(build, DIAG_ERROR, node, node->value,
                          "'%s' wants a path of the URL, ':' and a place on the disk", row->name),
              "write: %s = %s", row->name, row->grammar);
    return false;
}

static bool take_url(struct build *build, const struct tree_node *node,
                     const struct option_row *row, struct slice url, struct slice *ret)
{
    *ret = url;
    if (ret->len > 1 && ret->at[ret->len - 1] == '/')
        ret->len--;
    const char *why = slice_equal_cstr(*ret, "/") ? NULL : url_path_fault(*ret);
    if (!why)
        return true;
    diag_hint(
        build->diags,
        build_fault(build, DIAG_ERROR, node, url, "'%.*s' is no path of a URL", SLICE_ARGS(url)),
        "%s; for example: %s = %s", why, row->name, row->grammar);
    return false;
}

static struct alias_conf *add(struct build *build, struct vhost_conf *host,
                              const struct tree_node *node, struct slice url)
{
    struct alias_conf *alias = arena_new(build->arena, struct alias_conf);
    struct alias_conf **end = &host->aliases;

    while (*end)
        end = &(*end)->next;
    *alias = (struct alias_conf){ .place = tree_place(node, node->value),
                                  .url = url,
                                  .number = ++host->alias_count };
    *end = alias;
    return alias;
}

static void alias_set(struct build *build, void *record, const struct tree_node *node,
                      const struct option_row *row)
{
    struct slice url;
    struct slice place;
    struct slice folder;

    if (!split(build, node, row, &url, &place) || !take_url(build, node, row, url, &url) ||
        !path_clean(build, node, row, place, &folder))
        return;
    if (url.len == 1)
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, url, "an Alias of the whole website"),
                  "that is what WebsiteRoot is for");
    else
        add(build, record, node, url)->folder = folder;
}

static void script_alias_set(struct build *build, void *record, const struct tree_node *node,
                             const struct option_row *row)
{
    struct slice url;
    struct slice place;
    struct slice path;

    if (!split(build, node, row, &url, &place) || !take_url(build, node, row, url, &url) ||
        !path_clean(build, node, row, place, &path))
        return;

    size_t slash = slice_find_last(path, '/');
    if (slash == 0) { /* its folder is what programs may run from */
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, place,
                              "the ScriptAlias '%.*s' lies in the root of the disk",
                              SLICE_ARGS(place)),
                  "put it into a folder of its own");
        return;
    }
    struct alias_conf *alias = add(build, record, node, url);
    alias->folder = slice_first(path, slash);
    alias->file = slice_cstr(arena_cstr(build->arena, slice_skip(path, slash + 1)));
}

static const struct option_row rows[] = {
    {
        .name = "Alias",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        .set = alias_set,
        .grammar = "/PATH:/FOLDER",
        .text = "The path of the URL and everything below it lie in the folder instead of the "
                "WebsiteRoot. Of several the longest that covers a path counts. Symbolic links may "
                "not lead out of the folder (FollowSymlinks). Programs run there as elsewhere on "
                "the host; CGIpattern is matched with the path of the URL. May be repeated.",
    },
    {
        .name = "ScriptAlias",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        .set = script_alias_set,
        .grammar = "/PATH:/FILE",
        .text = "The path of the URL is this one file; with EnablePathInfo also what lies below "
                "the path, which becomes PATH_INFO. What the file is, a program or not, is decided "
                "as for any other. With the path `/` and EnablePathInfo a program answers the "
                "whole website, and its SCRIPT_NAME is empty. Comes before an Alias of the same "
                "path. May be repeated.",
    },
};

const struct option_group alias_options = { rows, sizeof(rows) / sizeof(rows[0]) };
