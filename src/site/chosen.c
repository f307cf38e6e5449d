#include "site/chosen.h"

#include "rules.h"
#include "site/pattern.h"

#include <errno.h>
#include <string.h>

struct choice {
    const struct snapshot *snapshot;
    const struct host *host;
    struct exchange *x;
    struct file_cache *cache;
    struct verdict *verdict;
    const struct site_root *website; /* WebsiteRoot, or of the account whose program it is */
    struct slice url;                /* which stands for it; empty: all of it */
    struct slice folder; /* HostFolders: the part of it that is the program's, "/NAME" */
};

static bool refuse(const struct choice *choice, int status, const char *why)
{
    choice->verdict->answer = ANSWER_STATUS;
    choice->verdict->status = status;
    choice->verdict->why = why;
    return false;
}

/* ---- what is there ---- */

static bool refuse_absent(const struct choice *choice, int error)
{
    switch (-error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
        return refuse(choice, 404, "there is no such file");
    case EACCES:
    case EPERM:
        return refuse(choice, 403, "the server may not look there (file permissions)");
    case ELOOP:
    case EXDEV:
        return refuse(choice, 403, "the path or a link in it leads out of its root");
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
        return refuse(choice, 503, strerror(-error));
    default:
        return refuse(choice, 500, strerror(-error));
    }
}

static bool judge_found(const struct choice *choice)
{
    const struct cached_file *found = choice->verdict->resource.found;

    switch (found->kind) {
    case FILE_ABSENT:
        return refuse_absent(choice, found->error);
    case FILE_REGULAR:
        break;
    case FILE_FOLDER:
    case FILE_SPECIAL:
        return refuse(choice, 403, "it is no file");
    }
    if (choice->verdict->resource.root == choice->website &&
        rules_is_program(&choice->snapshot->programs, path_extension(found->link_name)))
        return refuse(choice, 403, "it is a link to the source of a program");
    if (!found->file)
        return refuse(choice, 403, "the server may not read it (file permissions)");
    choice->verdict->answer = ANSWER_FILE;
    choice->verdict->why = "a program chose the file";
    return true;
}

/* `relative` is below `root`, without leading slash. */
static bool look(const struct choice *choice, const struct site_root *root, struct slice relative)
{
    struct arena *arena = &choice->x->arena;
    struct resource *resource = &choice->verdict->resource;

    *resource = (struct resource){
        .root = root,
        .relative = slice_cstr(arena_cstr(arena, relative)),
        .extension = path_extension(relative),
    };
    resource->found =
        file_cache_get(choice->cache, root, resource->relative, choice->x->loop->now_ms);
    return judge_found(choice);
}

/* ---- what may be named ---- */

/* `path` begins with '/' and is below the website. */
static bool look_in_website(const struct choice *choice, struct slice path)
{
    if (rules_hide(path, choice->host->conf->allow_dot_files))
        return refuse(choice, 403, "a name in it begins with a dot (AllowDotFiles)");
    struct slice extension = path_extension(path);
    if (extension.len == 0)
        extension = choice->host->conf->no_extension_as;
    if (rules_is_program(&choice->snapshot->programs, extension) ||
        pattern_match(choice->host->conf->cgi_pattern, slice_skip(path, 1)))
        return refuse(choice, 403, "it is the source of a program");
    return look(choice, choice->website, slice_skip(path, 1));
}

/* What of `place` lies below `root`, with its slash; empty: it does not. */
static struct slice below(const struct site_root *root, struct slice place)
{
    if (root->path.len == 0 || place.len <= root->path.len + 1 ||
        !slice_starts(place, root->path) || place.at[root->path.len] != '/')
        return SLICE("");
    return slice_skip(place, root->path.len);
}

/* Of a website that several names share only the folder of the program's own counts. */
static bool is_own(const struct choice *choice, struct slice path)
{
    const size_t len = choice->folder.len;

    return len == 0 ||
           (slice_starts(path, choice->folder) && path.len > len && path.at[len] == '/');
}

static struct choice begin(const struct snapshot *snapshot, const struct host *host,
                           struct exchange *x, const struct mapping *of, struct file_cache *cache,
                           struct verdict *ret)
{
    *ret = (struct verdict){
        .host = host, .folder = &host->conf->folder, .status = 200, .chosen = true
    };
    return (struct choice){
        .snapshot = snapshot,
        .host = host,
        .x = x,
        .cache = cache,
        .verdict = ret,
        .website = of->is_user ? of->root : &host->root,
        .url = of->is_user ? of->url : SLICE(""),
        .folder = of->folder,
    };
}

/* The innermost root counts. ".." and doubled slashes are resolved before anything is compared. */
bool chosen_by_place(const struct snapshot *snapshot, const struct host *host, struct exchange *x,
                     const struct mapping *of, struct file_cache *cache, struct slice place,
                     struct verdict *ret)
{
    const struct choice choice = begin(snapshot, host, x, of, cache, ret);
    const struct site_root *root = choice.website;
    struct slice clean;

    if (!slice_starts(place, SLICE("/")))
        return refuse(&choice, 502, "it is no absolute path");
    if (!target_resolve(place, &x->arena, &clean))
        return refuse(&choice, 502, "it leads above the root of the disk");

    struct slice path = below(root, clean);
    if (!is_own(&choice, path))
        path = SLICE("");
    for (unsigned i = 0; i < host->sendfile_root_count && !of->is_user; i++) {
        const struct site_root *listed = &host->sendfile_roots[i];
        struct slice inside = below(listed, clean);

        if (inside.len > 0 && (path.len == 0 || listed->path.len >= root->path.len)) {
            root = listed;
            path = inside;
        }
    }
    if (path.len == 0 && of->is_user)
        return refuse(&choice, 502, "it lies outside of the website of its account");
    if (path.len == 0)
        return refuse(&choice, 502, "it lies neither below WebsiteRoot nor below a SendfileRoot");
    if (root == choice.website)
        return look_in_website(&choice, path);
    return look(&choice, root, slice_skip(path, 1));
}

/* A query behind it means nothing to a file. */
bool chosen_by_path(const struct snapshot *snapshot, const struct host *host, struct exchange *x,
                    const struct mapping *of, struct file_cache *cache, struct slice path,
                    struct verdict *ret)
{
    const struct choice choice = begin(snapshot, host, x, of, cache, ret);
    struct parse_fault fault;
    struct slice rest;
    struct slice decoded;

    (void)slice_cut(path, '?', &path, &rest);
    if (!slice_starts(path, SLICE("/")))
        return refuse(&choice, 502, "it is no absolute path");
    if (target_normalise(path, &x->arena, &decoded, &fault) != PARSE_DONE)
        return refuse(&choice, 502, fault.why);
    if (!slice_starts(decoded, choice.url) ||
        (choice.url.len > 0 && slice_skip(decoded, choice.url.len).len > 0 &&
         decoded.at[choice.url.len] != '/'))
        return refuse(&choice, 502, "it lies outside of the website of its account");
    decoded = slice_skip(decoded, choice.url.len);
    if (decoded.len <= 1)
        return refuse(&choice, 403, "it is no file");
    const struct slice parts[] = { choice.folder, decoded };
    return look_in_website(&choice,
                           choice.folder.len > 0 ? arena_join(&x->arena, parts, 2) : decoded);
}
