#include "site/mapping.h"

#include "base/address.h"
#include "site/root.h"

#include <stdlib.h>

static const struct site_root nowhere = { .fd = -1 };

static bool covers(const struct alias_conf *alias, struct slice path, bool path_info)
{
    bool is_script = alias->file.len > 0;
    size_t len = alias->url.len;

    if (slice_equal(path, alias->url))
        return true;
    if (is_script && !path_info)
        return false;
    return len == 1 || (path.len > len && slice_starts(path, alias->url) && path.at[len] == '/');
}

/* A program for the whole website has no name of its own in the URL when all of it is PATH_INFO. */
static struct slice url_of(const struct alias_conf *alias, bool path_info)
{
    return alias->url.len == 1 && path_info ? SLICE("") : alias->url;
}

static const struct site_root *choose(const struct site_root *root,
                                      const struct folder_conf *folder)
{
    bool follows = root->links == BENEATH_ANY_LINKS;

    return root->otherwise && follows != folder->follow_symlinks ? root->otherwise : root;
}

const struct site_root *mapping_website(const struct host *host, const struct folder_conf *folder)
{
    return choose(&host->root, folder);
}

/* "/~NAME" or "/~NAME/...". */
static struct mapping find_user(const struct host *host, const struct folder_conf *folder,
                                struct slice path)
{
    const size_t slash = slice_find(slice_skip(path, 1), '/');
    const size_t len = slash == SLICE_NONE ? path.len : 1 + slash;
    const struct site_root *root =
        site_root_of_user(host, folder, slice_skip(slice_first(path, len), 2));

    return (struct mapping){ .root = root ? root : &nowhere,
                             .is_user = true,
                             .url = slice_first(path, len),
                             .below = slice_skip(path, len) };
}

bool mapping_is_user(const struct host *host, struct slice path)
{
    return host->users && slice_starts(path, SLICE("/~"));
}

/* ---- HostFolders ---- */

/* What the request asks for; without a name the address that it came to. */
static struct slice name_of(const struct exchange *x, char address[ADDRESS_TEXT_MOST])
{
    if (x->request.host.len > 0 || !x->visit || x->visit->local.any.sa_family == 0)
        return x->request.host;
    return slice_cstr(address_text(&x->visit->local, address));
}

/* A name of one folder that is none of the disk's own: letters, digits, '-', '_', dots not in
 * front; ':' is of addresses. */
static bool may_be_folder(struct slice name)
{
    if (name.len == 0 || name.len > 255 || name.at[0] == '.')
        return false;
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.at[i];

        if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c != '-' && c != '_' && c != '.' &&
            c != ':')
            return false;
    }
    return true;
}

static struct mapping find_host_folder(const struct host *host, const struct folder_conf *folder,
                                       struct slice path, struct exchange *x)
{
    char address[ADDRESS_TEXT_MOST];
    const struct slice name = name_of(x, address);
    const struct slice parts[] = { SLICE("/"), name, path };

    if (!may_be_folder(name))
        return (struct mapping){ .root = &nowhere, .below = path };
    const struct slice below = arena_join(&x->arena, parts, 3);
    return (struct mapping){ .root = mapping_website(host, folder),
                             .below = below,
                             .folder = slice_first(below, 1 + name.len) };
}

struct slice mapping_url(const struct mapping *mapping, struct slice relative, struct arena *arena)
{
    const size_t more = mapping->folder.len;
    const struct slice parts[] = { mapping->url, SLICE("/"), slice_skip(relative, more) };

    return arena_join(arena, parts, 3);
}

struct slice mapping_place(const struct mapping *mapping, struct arena *arena)
{
    const struct slice parts[] = { mapping->root->path, mapping->folder };

    return mapping->folder.len > 0 ? arena_join(arena, parts, 2) : mapping->root->path;
}

/* ---- the whole ---- */

struct mapping mapping_find(const struct host *host, const struct folder_conf *folder,
                            struct slice path, struct exchange *x)
{
    bool path_info = folder->enable_path_info;

    if (mapping_is_user(host, path))
        return find_user(host, folder, path);
    for (unsigned i = 0; i < host->alias_count; i++) {
        const struct site_alias *one = &host->aliases[i];

        if (!covers(one->conf, path, path_info))
            continue;
        struct slice url = url_of(one->conf, path_info);
        return (struct mapping){ .root = choose(&one->root, folder),
                                 .alias = one->conf,
                                 .url = url,
                                 .below = slice_skip(path, url.len) };
    }
    if (host->conf->host_folders)
        return find_host_folder(host, folder, path, x);
    return (struct mapping){ .root = mapping_website(host, folder), .below = path };
}

struct slice mapping_translate(const struct host *host, struct slice path, struct arena *arena)
{
    struct slice parts[] = { host->conf->website_root, path };

    for (unsigned i = 0; i < host->alias_count; i++) {
        const struct alias_conf *alias = host->aliases[i].conf;

        if (alias->file.len > 0 || !covers(alias, path, false))
            continue;
        parts[0] = alias->folder;
        parts[1] = slice_skip(path, alias->url.len);
        break;
    }
    return arena_join(arena, parts, 2);
}

/* The longest first; of the same length a ScriptAlias before an Alias, and the last one given. */
static int before(const void *a, const void *b)
{
    const struct alias_conf *left = ((const struct site_alias *)a)->conf;
    const struct alias_conf *right = ((const struct site_alias *)b)->conf;

    if (left->url.len != right->url.len)
        return left->url.len > right->url.len ? -1 : 1;
    if ((left->file.len > 0) != (right->file.len > 0))
        return left->file.len > 0 ? -1 : 1;
    return left->number > right->number ? -1 : 1;
}

struct site_alias *mapping_sort(const struct vhost_conf *conf, struct arena *arena)
{
    struct site_alias *sorted = arena_array(arena, struct site_alias, conf->alias_count);
    struct site_alias *next = sorted;

    for (const struct alias_conf *alias = conf->aliases; alias; alias = alias->next)
        *next++ = (struct site_alias){ .conf = alias };
    if (conf->alias_count > 0)
        qsort(sorted, conf->alias_count, sizeof(*sorted), before);
    return sorted;
}
