#include "site/local.h"

#include "config/local.h"
#include "site/root.h"
#include "site/trace.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define NAME SLICE(".hiawatha")

/* One search from the root down. */
struct search {
    const struct host *host;
    const struct site_root *root;
    struct file_cache *cache;
    struct exchange *x;
    struct locals *found;
};

/* ---- one file ---- */

static void free_local(void *derived)
{
    local_conf_free(derived);
}

static struct slice path_of(const struct search *search, struct slice folder)
{
    const struct slice parts[] = { search->root->path, SLICE("/"), folder,
                                   folder.len > 0 ? SLICE("/") : SLICE(""), NAME };

    return arena_join(&search->x->arena, parts, 5);
}

/* Its bytes, where the cache does not carry them. False: they cannot be read. */
static bool read_text(const struct search *search, const struct file_ref *file, struct slice *ret)
{
    if (file->fd < 0 || file->size == 0) {
        *ret = file->bytes;
        return true;
    }
    char *bytes = arena_bytes(&search->x->arena, (size_t)file->size);
    ssize_t got = pread(file->fd, bytes, (size_t)file->size, 0);

    if (got < 0 || (uint64_t)got != file->size)
        return false;
    *ret = slice_of(bytes, (size_t)got);
    return true;
}

static struct local_conf *understand(const struct search *search, const struct cached_file *file,
                                     struct slice path)
{
    struct local_source source = { .path = path,
                                   .root = search->root->path,
                                   .shows_dot_files = search->host->conf->allow_dot_files };

    if (file->kind == FILE_ABSENT)
        return local_conf_unread(path, arena_printf(&search->x->arena,
                                                    "%s; the user of the server "
                                                    "must be able to read it",
                                                    strerror(-file->error))
                                           .at);
    if (file->kind != FILE_REGULAR)
        return local_conf_unread(path, "it is no file");
    if (!file->file)
        return local_conf_unread(path, "the user of the server must be able to read it");
    if (file->size > LOCAL_TEXT_MOST)
        return local_conf_unread(path, "it is longer than 64 KiB");
    if (!read_text(search, file->file, &source.text))
        return local_conf_unread(path, "it changed while it was read; the next request reads it");
    return local_conf_read(&source);
}

static bool is_there(const struct cached_file *file)
{
    return file->kind != FILE_ABSENT || (file->error != -ENOENT && file->error != -ENOTDIR);
}

static void add(const struct search *search, struct cached_file *file, struct slice path)
{
    struct locals *found = search->found;

    if (!file->derived) {
        file->derived = understand(search, file, path);
        file->free_derived = free_local;
    }
    const struct local_conf *local = file->derived;

    trace_note(search->x->trace, TRACE_DIRECTORY, trace_mark_of(local->fault.len == 0), "%.*s %s",
               SLICE_ARGS(path), local->fault.len == 0 ? "counts" : "cannot be used");
    if (local->fault.len > 0 && found->fault.len == 0)
        found->fault = arena_copy(&search->x->arena, local->fault);
    found->at[found->count] = &local->directory;
    found->held[found->count++] = file;
}

/* ---- from the root down ---- */

static struct cached_file *look(const struct search *search, struct slice relative)
{
    return file_cache_get(search->cache, search->root, relative, search->x->loop->now_ms);
}

static bool is_folder(const struct search *search, struct slice relative)
{
    struct cached_file *file = look(search, relative);
    const bool is = file->kind == FILE_FOLDER;

    cached_file_drop(search->cache, file);
    return is;
}

/* `folder` below the root, without slashes round it. False: there is no such folder. */
static bool look_in(const struct search *search, struct slice folder)
{
    struct arena *arena = &search->x->arena;
    const struct slice parts[] = { folder, SLICE("/"), NAME };

    if (folder.len > 0 && !is_folder(search, slice_cstr(arena_cstr(arena, folder))))
        return false;
    struct cached_file *file = look(search, folder.len > 0 ? arena_join(arena, parts, 3) : NAME);
    if (is_there(file))
        add(search, file, path_of(search, folder));
    else
        cached_file_drop(search->cache, file);
    return true;
}

static unsigned count_slashes(struct slice text)
{
    unsigned count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += text.at[i] == '/';
    return count;
}

void locals_find(const struct host *host, const struct mapping *mapping, struct file_cache *cache,
                 struct exchange *x, struct locals *ret)
{
    const struct search search = {
        .host = host, .root = mapping->root, .cache = cache, .x = x, .found = ret
    };
    /* Below a ScriptAlias there is path info, and no folder. */
    const bool is_script = mapping->alias && mapping->alias->file.len > 0;
    const struct slice below = is_script ? SLICE("") : mapping->below;
    const unsigned most = 1 + count_slashes(below);

    *ret = (struct locals){ .at = arena_array(&x->arena, const struct directory_conf *, most),
                            .held = arena_array(&x->arena, struct cached_file *, most) };
    if (!site_root_is_there(mapping->root) || !look_in(&search, SLICE("")))
        return;
    for (size_t i = 1; i < below.len; i++)
        if (below.at[i] == '/' && !look_in(&search, slice_of(below.at + 1, i - 1)))
            return;
}

void locals_drop(struct locals *locals, struct file_cache *cache)
{
    for (unsigned i = 0; i < locals->count; i++)
        cached_file_drop(cache, locals->held[i]);
    locals->count = 0;
}
