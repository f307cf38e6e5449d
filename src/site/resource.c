#include "site/resource.h"

#include "os/hindrance.h"
#include "site/pattern.h"
#include "site/trace.h"

#include <errno.h>
#include <string.h>

struct slice path_extension(struct slice path)
{
    size_t slash = slice_find_last(path, '/');
    struct slice name = slash == SLICE_NONE ? path : slice_skip(path, slash + 1);
    size_t dot = slice_find_last(name, '.');

    return dot == SLICE_NONE || dot == 0 ? SLICE("") : slice_skip(name, dot + 1);
}

/* What one search knows. */
struct search {
    const struct host *host;
    const struct folder_conf *folder;
    struct mapping mapping;
    struct file_cache *cache;
    struct arena *arena;
    uint64_t now_ms;
    struct trace *trace;
};

/* ---- for who wants to know ---- */

/* "; the folder '/srv/a' (mode 0700, user 0, group 0) lacks the right to pass (x)". */
static const char *hindrance_text(struct arena *arena, const char *path)
{
    struct hindrance it;

    if (!hindrance_find(path, &it))
        return "";
    return arena_printf(arena, "; %s '%s' (mode %04o, user %u, group %u) lacks the right to %s",
                        it.is_folder ? "the folder" : "the file", it.path, (unsigned)it.mode,
                        (unsigned)it.owner, (unsigned)it.group,
                        it.is_folder ? "pass (x)" : "read (r)")
        .at;
}

static const char *kind_text(enum file_kind kind)
{
    switch (kind) {
    case FILE_ABSENT:
        break;
    case FILE_REGULAR:
        return "a file";
    case FILE_FOLDER:
        return "a folder";
    case FILE_SPECIAL:
        return "neither file nor folder";
    }
    return "not there";
}

static void tell(const struct search *search, struct slice relative, const struct cached_file *file)
{
    const struct slice parts[] = { search->mapping.root->path, SLICE("/"), relative };
    const char *path = arena_join(search->arena, parts, relative.len > 0 ? 3 : 1).at;

    if (file->error != 0)
        trace_add(search->trace, TRACE_DISK, TRACE_NO, NULL, "%s: %s%s", path,
                  strerror(-file->error),
                  file->error == -EACCES ? hindrance_text(search->arena, path) : "");
    else
        trace_add(search->trace, TRACE_DISK, TRACE_YES, NULL, "%s: %s, mode %04o%s%.*s", path,
                  kind_text(file->kind), file->mode & 07777u,
                  file->link_name.len > 0 ? ", a link to " : "", SLICE_ARGS(file->link_name));
}

static void tell_host_folder(const struct search *search)
{
    const struct mapping *mapping = &search->mapping;
    const struct diag_place *place = &search->host->conf->website_root_place;

    if (mapping->folder.len > 0)
        trace_add(search->trace, TRACE_DISK, TRACE_FACT, place,
                  "HostFolders: the name '%.*s' stands for the folder %.*s",
                  SLICE_ARGS(slice_skip(mapping->folder, 1)),
                  SLICE_ARGS(mapping_place(mapping, search->arena)));
    else
        trace_add(search->trace, TRACE_DISK, TRACE_NO, place,
                  "HostFolders: the name that was asked for can be that of no folder");
}

static void tell_mapping(const struct search *search)
{
    const struct alias_conf *alias = search->mapping.alias;
    const struct site_root *root = search->mapping.root;

    if (search->mapping.is_user)
        trace_add(search->trace, TRACE_DISK, search->mapping.root->user ? TRACE_FACT : TRACE_NO,
                  &search->host->users->conf->place, "UserWebsites: %.*s %s%.*s",
                  SLICE_ARGS(search->mapping.url),
                  search->mapping.root->user ? "leads to " : "is no account with a website",
                  SLICE_ARGS(search->mapping.root->path));
    else if (alias)
        trace_add(search->trace, TRACE_DISK, TRACE_FACT, &alias->place,
                  "%s %.*s leads to %.*s%s%.*s", alias->file.len > 0 ? "ScriptAlias" : "Alias",
                  SLICE_ARGS(alias->url), SLICE_ARGS(alias->folder), alias->file.len > 0 ? "/" : "",
                  SLICE_ARGS(alias->file));
    else if (search->host->conf->host_folders)
        tell_host_folder(search);
    else if (root->path.len > 0)
        trace_add(search->trace, TRACE_DISK, TRACE_FACT, &search->host->conf->website_root_place,
                  "WebsiteRoot %.*s; links %s", SLICE_ARGS(root->path),
                  root->links == BENEATH_ANY_LINKS ? "may lead out of it (FollowSymlinks = yes)"
                                                   : "may not lead out of it (FollowSymlinks)");
    else
        trace_add(search->trace, TRACE_DISK, TRACE_NO, NULL, "the host has no WebsiteRoot");
}

static struct cached_file *look_up(const struct search *search, struct slice relative)
{
    struct cached_file *file =
        file_cache_get(search->cache, search->mapping.root, relative, search->now_ms);

    if (search->trace)
        tell(search, relative, file);
    return file;
}

static void take(const struct search *search, struct resource *resource, struct cached_file *file)
{
    if (resource->found)
        cached_file_drop(search->cache, resource->found);
    resource->found = file;
}

static void name_place(const struct host *host, struct slice relative, struct arena *arena,
                       struct resource *resource)
{
    const struct site_root *root = resource->mapping.root;
    const struct slice parts[] = { root->path, SLICE("/"), relative };

    resource->root = root;
    resource->relative = relative;
    resource->absolute = arena_join(arena, parts, 3);
    resource->extension = path_extension(relative);
    if (resource->extension.len == 0)
        resource->extension = host->conf->no_extension_as;
}

void resource_name(const struct host *host, struct slice relative, struct arena *arena,
                   struct resource *resource)
{
    name_place(host, relative, arena, resource);
    resource->script_name = mapping_url(&resource->mapping, relative, arena);
}

static struct slice below(const struct search *search, struct slice folder, struct slice name)
{
    const struct slice parts[] = { folder, SLICE("/"), name };
    bool is_root = folder.len == 0;

    return arena_join(search->arena, is_root ? parts + 2 : parts, is_root ? 1 : 3);
}

/* True: it is there, or nothing in this folder can be seen. One that is a folder is none. */
static bool try_start_file(const struct search *search, struct slice name,
                           struct resource *resource)
{
    struct slice relative = below(search, resource->relative, name);
    struct cached_file *file = look_up(search, relative);

    if (file->kind == FILE_REGULAR || file->kind == FILE_SPECIAL) {
        take(search, resource, file);
        resource_name(search->host, relative, search->arena, resource);
        return true;
    }
    if (file->error == -EACCES) {
        take(search, resource, file);
        resource->start_file_missing = true;
        return true;
    }
    cached_file_drop(search->cache, file);
    return false;
}

/* The first start file that is there; the name of the front controller is the last. */
static void find_start_file(const struct search *search, struct resource *resource)
{
    struct slice front = search->host->conf->front_controller;
    size_t slash = slice_find_last(front, '/');

    for (const struct conf_word *word = search->folder->start_files; word; word = word->next)
        if (try_start_file(search, word->text, resource))
            return;
    if (slash != SLICE_NONE)
        front = slice_skip(front, slash + 1);
    if (front.len == 0 || !try_start_file(search, front, resource))
        resource->start_file_missing = true;
}

static bool takes_path_info(const struct search *search, struct slice relative)
{
    const struct vhost_conf *conf = search->host->conf;
    const struct mapping *mapping = &search->mapping;
    const struct slice parts[] = { slice_skip(mapping->url, 1), SLICE("/"), relative };
    struct slice name = mapping->alias ? arena_join(search->arena, parts, 3) : relative;

    return search->folder->enable_path_info || pattern_match(conf->cgi_pattern, name) ||
           (!mapping->alias && !mapping->is_user && slice_equal(relative, conf->front_controller));
}

/* The first regular file on the way ends the script, the rest is path info. `path` begins with '/'.
 * False: it is not so here. */
static bool split_path_info(const struct search *search, struct slice path,
                            struct resource *resource)
{
    for (size_t at = 1 + search->mapping.folder.len; at < path.len; at++) {
        if (path.at[at] != '/')
            continue;

        struct slice relative =
            slice_cstr(arena_cstr(search->arena, slice_of(path.at + 1, at - 1)));
        struct cached_file *file = look_up(search, relative);

        if (file->kind == FILE_REGULAR && takes_path_info(search, relative)) {
            take(search, resource, file);
            resource_name(search->host, relative, search->arena, resource);
            resource->path_info = slice_skip(path, at);
            return true;
        }
        bool ends = file->kind != FILE_FOLDER;
        cached_file_drop(search->cache, file);
        if (ends)
            return false;
    }
    return false;
}

/* The kernel saw a file where the path wants a folder, or did not look because the path is too
 * long. */
static bool may_have_path_info(const struct resource *resource, bool slash_behind)
{
    const struct cached_file *found = resource->found;

    if (found->kind == FILE_ABSENT)
        return found->error == -ENOTDIR || found->error == -ENAMETOOLONG;
    return found->kind == FILE_REGULAR && slash_behind;
}

/* A path that names a file and goes on is absent, unless its rest is path info. */
static void resolve_rest(const struct search *search, struct slice path, bool slash_behind,
                         struct resource *resource)
{
    if (!may_have_path_info(resource, slash_behind))
        return;
    const struct vhost_conf *conf = search->host->conf;
    bool enabled = search->folder->enable_path_info;
    bool may_split = enabled || conf->cgi_pattern.len > 0 || conf->front_controller.len > 0;
    if (may_split && split_path_info(search, path, resource))
        return;
    if (slash_behind)
        take(search, resource, look_up(search, slice_skip(path, 1))); /* "a.txt/": no folder */
}

/* One file stands for the path, whatever it is. */
static void find_script_alias(const struct search *search, struct resource *resource)
{
    const struct mapping *mapping = &search->mapping;

    resource->found = look_up(search, mapping->alias->file);
    name_place(search->host, mapping->alias->file, search->arena, resource);
    resource->script_name = mapping->url;
    resource->path_info = mapping->below;
}

static void find_below(const struct search *search, struct resource *resource)
{
    struct slice path = search->mapping.below;
    bool slash_behind = slice_ends(path, SLICE("/"));
    struct slice relative = slice_skip(path, 1);

    if (slash_behind && relative.len > 0)
        relative = slice_cstr(arena_cstr(search->arena, slice_first(relative, relative.len - 1)));

    resource->found = look_up(search, relative);
    name_place(search->host, relative, search->arena, resource);
    if (slash_behind)
        resource->extension = SLICE(""); /* unless a file is found: a folder's name has none */

    if (resource->found->kind != FILE_FOLDER)
        resolve_rest(search, path, slash_behind, resource);
    else if (slash_behind)
        find_start_file(search, resource);
    else
        resource->is_folder_without_slash = true;
}

void resource_find(const struct host *host, const struct folder_conf *folder, struct slice path,
                   struct file_cache *cache, struct exchange *x, struct resource *ret)
{
    const struct search search = {
        .host = host,
        .folder = folder,
        .mapping = mapping_find(host, folder, path, x),
        .cache = cache,
        .arena = &x->arena,
        .now_ms = x->loop->now_ms,
        .trace = x->trace,
    };

    if (x->trace)
        tell_mapping(&search);
    *ret = (struct resource){ .mapping = search.mapping, .script_name = path };
    if (search.mapping.alias && search.mapping.alias->file.len > 0)
        find_script_alias(&search, ret);
    else
        find_below(&search, ret);
}

void resource_front(const struct host *host, const struct folder_conf *folder,
                    struct file_cache *cache, struct exchange *x, struct resource *resource)
{
    const struct search search = {
        .host = host,
        .mapping = { .root = mapping_website(host, folder) },
        .cache = cache,
        .arena = &x->arena,
        .now_ms = x->loop->now_ms,
        .trace = x->trace,
    };
    struct slice relative = host->conf->front_controller;

    trace_note_at(x->trace, TRACE_DISK, TRACE_FACT, &host->conf->front_controller_place,
                  "nothing lies there: the FrontController answers");

    take(&search, resource, look_up(&search, relative));
    resource->mapping = search.mapping;
    resource_name(host, relative, &x->arena, resource);
    resource->path_info = SLICE("");
    resource->is_folder_without_slash = false;
    resource->start_file_missing = false;
}
