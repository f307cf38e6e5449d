#include "config/local.h"

#include "base/diag.h"
#include "build.h"
#include "config/read_block.h"

#include <stdlib.h>

/* A .hiawatha stands for itself: no Include, no variables of the environment. */
static struct source_text *find_nothing(struct source *source, struct arena *arena,
                                        struct slice path, const char **ret_why)
{
    (void)source;
    (void)arena;
    (void)path;
    *ret_why = "a .hiawatha includes no other file";
    return NULL;
}

static struct local_conf *local_new(void)
{
    struct local_conf *local = calloc(1, sizeof(*local));

    if (!local)
        abort(); /* true exhaustion: the supervisor starts the next process */
    return local;
}

static const struct diag *first_error(const struct diags *diags)
{
    const struct diag *diag = diags->first;

    while (diag && diag->level != DIAG_ERROR)
        diag = diag->next;
    return diag;
}

static struct slice fault_text(struct arena *arena, const struct diag *diag)
{
    return arena_printf(arena, "%s:%u:%u: %.*s%s%.*s", diag->place.file, diag->place.line,
                        diag->place.column, SLICE_ARGS(diag->message),
                        diag->hint.len > 0 ? "; " : "", SLICE_ARGS(diag->hint));
}

static bool lies_below(struct slice path, struct slice root)
{
    return slice_starts(path, root) && path.len > root.len && path.at[root.len] == '/' &&
           slice_find_slice(path, SLICE("/../")) == SLICE_NONE;
}

/* Nobody may ask for it: a name on the way begins with a dot (RFC 8615 has an exception). */
static bool is_hidden(struct slice path, struct slice root)
{
    struct slice below = slice_skip(path, root.len);

    if (slice_starts(below, SLICE("/.well-known/")))
        below = slice_skip(below, SLICE("/.well-known").len);
    return slice_find_slice(below, SLICE("/.")) != SLICE_NONE;
}

static const char *why_not(const struct local_source *source, struct slice file)
{
    if (file.len == 0)
        return NULL;
    if (!lies_below(file, source->root))
        return "it must lie in the website; write the name alone, for one beside the .hiawatha";
    if (source->shows_dot_files || !is_hidden(file, source->root))
        return "anybody could ask for it; its name must begin with a dot, and AllowDotFiles be off";
    return NULL;
}

/* What a PasswordFile may name here. */
static void check_files(const struct local_source *source, struct local_conf *local)
{
    struct conf_login *login = &local->directory.folder.login;
    const struct slice files[] = { login->file, login->group_file };

    for (unsigned i = 0; i < 2 && local->fault.len == 0; i++) {
        const char *why = why_not(source, files[i]);

        if (why)
            local->fault =
                arena_printf(&local->arena, "%s:%u:%u: PasswordFile must not name '%.*s' here: %s",
                             login->place.file, login->place.line, login->place.column,
                             SLICE_ARGS(files[i]), why);
    }
    login->below = source->root;
}

struct local_conf *local_conf_read(const struct local_source *source)
{
    struct local_conf *local = local_new();
    struct arena *arena = &local->arena;
    const struct source_text main = { .name = arena_cstr(arena, source->path),
                                      .text = arena_copy(arena, source->text) };
    struct source nothing = { .find = find_nothing };
    struct diags diags;
    struct build build;
    struct tree tree;

    diags_init(&diags, arena);
    read_block(&main, &nothing, arena, &diags, &tree);
    build_init(&build, arena, &diags, main.name);
    build.local_folder = slice_first(source->path, slice_find_last(source->path, '/'));
    build_local(&build, &tree, &local->directory);
    if (diags.errors > 0)
        local->fault = fault_text(arena, first_error(&diags));
    else
        check_files(&(struct local_source){ .path = source->path,
                                            .root = arena_copy(arena, source->root),
                                            .shows_dot_files = source->shows_dot_files },
                    local);
    return local;
}

struct local_conf *local_conf_unread(struct slice path, const char *why)
{
    struct local_conf *local = local_new();

    local->fault = arena_printf(&local->arena, "%.*s: %s", SLICE_ARGS(path), why);
    return local;
}

void local_conf_free(struct local_conf *local)
{
    if (!local)
        return;
    arena_done(&local->arena);
    free(local);
}
