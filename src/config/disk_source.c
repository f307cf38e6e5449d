/* Texts from the disk, each read once: what was read can be written down as a bundle. */
#include "account_list.h"
#include "config/load.h"
#include "source_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_BYTES_MOST   (16u * 1024 * 1024)
#define FOLDER_DEPTH_MOST 16u

static const char *const main_names[] = { "longhouse.conf", "longhouse.yaml", "hiawatha.conf",
                                          "thttpd.conf" };

/* What editors and packagers leave behind; Hiawatha reads these too, to everybody's surprise. */
static const char *const backup_endings[] = { "~",         ".bak",      ".orig",      ".swp",
                                              ".dpkg-old", ".dpkg-new", ".dpkg-dist", ".rpmsave",
                                              ".rpmnew",   ".rpmorig" };

static bool is_left_out(const char *name)
{
    if (name[0] == '.' || name[0] == '#')
        return true;
    for (size_t i = 0; i < sizeof(backup_endings) / sizeof(backup_endings[0]); i++) {
        if (slice_ends(slice_cstr(name), slice_cstr(backup_endings[i])))
            return true;
    }
    return false;
}

static const char *error_text(struct arena *arena, int error)
{
    return arena_cstr(arena, slice_cstr(strerror(error)));
}

/* ---- one file ---- */

static bool read_all(int fd, char *bytes, size_t room, size_t *ret_len)
{
    size_t len = 0;

    while (len < room) {
        ssize_t got = read(fd, bytes + len, room - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    *ret_len = len;
    return true;
}

/* One byte more than stat() tells, so that a file that grows meanwhile is seen. */
static const char *read_open_file(int fd, const struct stat *info, struct arena *arena,
                                  struct slice *ret)
{
    size_t room = (size_t)info->st_size + 1;
    char *bytes = arena_bytes(arena, room);
    size_t len;

    if (!read_all(fd, bytes, room, &len))
        return error_text(arena, errno);
    if (len == room)
        return "it grows while it is read";
    *ret = slice_of(bytes, len);
    return NULL;
}

/* NULL, or why not. A file that was read before under another name keeps its bytes. */
static const char *read_file(struct source_cache *cache, const char *path, struct slice *ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const char *why = NULL;
    struct stat info;

    if (fd < 0)
        return error_text(cache->arena, errno);
    if (fstat(fd, &info) < 0)
        why = error_text(cache->arena, errno);
    else if (!S_ISREG(info.st_mode))
        why = "it is no regular file";
    else if (info.st_size > (off_t)TEXT_BYTES_MOST)
        why = "it is larger than 16 MiB";
    else if (!source_cache_find_file(cache, info.st_dev, info.st_ino, ret))
        why = read_open_file(fd, &info, cache->arena, ret);
    close(fd);

    if (!why)
        source_cache_add_file(cache, info.st_dev, info.st_ino, *ret);
    return why;
}

/* ---- a path, which may be a folder ---- */

struct finding {
    struct source_cache *cache;
    struct source_text **end;
};

static const char *find_path(struct finding *finding, const char *path, unsigned depth);

static bool is_folder(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int compare_names(const void *a, const void *b)
{
    const char *left = *(char *const *)a;
    const char *right = *(char *const *)b;
    int order = strcasecmp(left, right);

    return order != 0 ? order : strcmp(left, right);
}

/* The entries that count, sorted. */
static char **list_folder(DIR *folder, const char *path, struct arena *arena, size_t *ret_count)
{
    char **names = NULL;
    size_t count = 0;
    size_t room = 0;
    struct dirent *entry;

    while ((entry = readdir(folder))) {
        if (is_left_out(entry->d_name))
            continue;
        if (count == room) {
            char **wider = arena_array(arena, char *, room ? room * 2 : 64);
            if (count > 0)
                memcpy(wider, names, count * sizeof(char *));
            names = wider;
            room = room ? room * 2 : 64;
        }
        struct slice full = arena_printf(arena, "%s/%s", path, entry->d_name);
        names[count++] = arena_cstr(arena, full);
    }
    if (count > 1)
        qsort(names, count, sizeof(char *), compare_names);
    *ret_count = count;
    return names;
}

static const char *find_folder(struct finding *finding, const char *path, unsigned depth)
{
    struct arena *arena = finding->cache->arena;
    const char *why = NULL;
    size_t count;

    if (depth >= FOLDER_DEPTH_MOST)
        return "folders lie more than 16 deep";
    DIR *folder = opendir(path);
    if (!folder)
        return error_text(arena, errno);
    char **names = list_folder(folder, path, arena, &count);
    closedir(folder);

    for (size_t i = 0; !why && i < count; i++) {
        if (is_folder(names[i]))
            why = find_path(finding, names[i], depth + 1);
    }
    for (size_t i = 0; !why && i < count; i++) {
        if (!is_folder(names[i]))
            why = find_path(finding, names[i], depth + 1);
    }
    return why;
}

static const char *find_path(struct finding *finding, const char *path, unsigned depth)
{
    struct arena *arena = finding->cache->arena;
    struct slice bytes;

    if (is_folder(path))
        return find_folder(finding, path, depth);

    const char *why = read_file(finding->cache, path, &bytes);
    if (why && depth > 0) {
        struct slice longer = arena_printf(arena, "%s: %s", path, why);
        return arena_cstr(arena, longer);
    }
    if (why)
        return why;
    struct source_text *text = arena_new(arena, struct source_text);
    *text = (struct source_text){ .name = path, .text = bytes };
    *finding->end = text;
    finding->end = &text->next;
    return NULL;
}

/* ---- the source ---- */

/* Where a path begins: the folder as it was given, so that diagnostics show short names. */
static struct slice path_in(struct source_cache *cache, struct slice path)
{
    if (slice_starts(path, SLICE("/")) || slice_equal_cstr(cache->base, "."))
        return path;
    return arena_printf(cache->arena, "%.*s/%.*s", SLICE_ARGS(cache->base), SLICE_ARGS(path));
}

/* See source_variable(). */
static const char *find_variable(struct source_cache *cache, struct slice name,
                                 struct source_text **ret)
{
    const char *value = getenv(arena_cstr(cache->arena, name));
    struct source_text *text;

    if (!value)
        return "it is not set";
    text = arena_new(cache->arena, struct source_text);
    text->name = "environment";
    text->text = arena_copy(cache->arena, slice_cstr(value));
    *ret = text;
    return NULL;
}

/* See source_accounts(). */
static const char *find_accounts(struct source_cache *cache, struct slice folder,
                                 struct source_text **ret)
{
    struct source_text *text = arena_new(cache->arena, struct source_text);

    text->name = "accounts";
    text->text = account_list(arena_cstr(cache->arena, folder), cache->arena);
    *ret = text;
    return NULL;
}

static const char *find_texts(struct source_cache *cache, struct slice path,
                              struct source_text **ret)
{
    struct finding finding = { .cache = cache, .end = ret };

    if (slice_starts(path, SLICE("\n\n")))
        return find_accounts(cache, slice_skip(path, 2), ret);
    if (slice_starts(path, SLICE("\n")))
        return find_variable(cache, slice_skip(path, 1), ret);
    while (path.len > 1 && slice_ends(path, SLICE("/")))
        path.len--;
    path = path_in(cache, path);
    if (slice_has(path, '\0'))
        return "the path holds a NUL byte";

    const char *why = find_path(&finding, arena_cstr(cache->arena, path), 0);
    return why || *ret ? why : "the folder holds no file";
}

static struct source_text *disk_find(struct source *source, struct arena *arena, struct slice path,
                                     const char **ret_why)
{
    struct source_cache *cache = source_cache_of(source);
    const struct source_answer *known = source_cache_answer(cache, path);
    struct source_text *texts = NULL;

    if (known)
        return source_answer_copy(known, arena, ret_why);
    const char *why = find_texts(cache, path, &texts);
    return source_answer_copy(source_cache_add_answer(cache, path, why ? NULL : texts, why), arena,
                              ret_why);
}

static void forget_files(struct source_cache *cache, const struct conf_file *file)
{
    for (; file; file = file->next)
        source_cache_forget(cache, file->path);
}

struct source_text *bundle_open_anew(struct slice bundle, const struct tls_conf *anew,
                                     struct arena *arena, struct source **ret)
{
    struct source_text *main = bundle_open(bundle, arena, ret);

    if (!main)
        return NULL;
    struct source_cache *cache = source_cache_of(*ret);
    cache->source.find = disk_find;
    cache->base = cache->source.folder;
    for (unsigned i = 0; i < TLS_CONF_LISTS; i++)
        forget_files(cache, tls_conf_list(anew, i));
    return main;
}

/* The main file in a folder; NULL when there is none. */
static char *main_in_folder(struct arena *arena, struct slice folder)
{
    for (size_t i = 0; i < sizeof(main_names) / sizeof(main_names[0]); i++) {
        struct slice full = arena_printf(arena, "%.*s/%s", SLICE_ARGS(folder), main_names[i]);
        char *path = arena_cstr(arena, full);

        if (access(path, F_OK) == 0)
            return path;
    }
    return NULL;
}

static struct slice folder_of(struct slice path)
{
    size_t slash = slice_find_last(path, '/');

    if (slash == SLICE_NONE)
        return SLICE(".");
    return slash == 0 ? SLICE("/") : slice_first(path, slash);
}

/* A source whose relative paths begin at `folder`; NULL and *ret_why. */
static struct source_cache *cache_at(struct slice folder, struct arena *arena, const char **ret_why)
{
    char *absolute = realpath(arena_cstr(arena, folder), NULL);

    if (!absolute) {
        *ret_why = error_text(arena, errno);
        return NULL;
    }
    struct source_cache *cache =
        source_cache_new(arena, arena_copy(arena, slice_cstr(absolute)), disk_find);
    free(absolute);
    cache->base = folder;
    return cache;
}

struct source_text *disk_source_with(const char *name, struct slice bytes, struct arena *arena,
                                     struct source **ret, const char **ret_why)
{
    struct source_cache *cache = cache_at(SLICE("."), arena, ret_why);

    if (!cache)
        return NULL;
    struct source_text *text = arena_new(arena, struct source_text);
    *text = (struct source_text){
        .name = arena_cstr(arena, slice_cstr(name)),
        .text = arena_copy(arena, bytes),
    };
    *ret = &cache->source;
    return text;
}

struct source_text *disk_source_open(const char *path, struct arena *arena, struct source **ret,
                                     const char **ret_why)
{
    char *main_path = arena_cstr(arena, slice_cstr(path));
    struct slice folder = slice_cstr(main_path);

    if (is_folder(path)) {
        while (folder.len > 1 && slice_ends(folder, SLICE("/")))
            folder.len--;
        main_path = main_in_folder(arena, folder);
        if (!main_path) {
            *ret_why = "the folder holds no longhouse.conf, longhouse.yaml, hiawatha.conf or "
                       "thttpd.conf";
            return NULL;
        }
    } else {
        folder = folder_of(folder);
    }

    struct source_cache *cache = cache_at(folder, arena, ret_why);
    if (!cache)
        return NULL;
    struct source_text *text = arena_new(arena, struct source_text);
    const char *why = read_file(cache, main_path, &text->text);
    if (why) {
        *ret_why = why;
        return NULL;
    }
    text->name = main_path;
    *ret = &cache->source;
    return text;
}
