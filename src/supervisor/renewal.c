/* Certificates whose files change while the house runs. */
#include "supervisor_private.h"

#include "base/siphash.h"
#include "os/fd.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#define LOOK_EACH_MS 1000u
#define FILE_MOST    (16u << 20)

/* What the files of one tls_conf looked like. */
struct renewal_mark {
    uint64_t look;    /* number of the last one */
    uint64_t seen;    /* at that */
    uint64_t settled; /* when they were last compared with what is in use */
};

/* ---- the files ---- */

static const char *path_of(const struct house *house, const struct conf_file *file,
                           struct arena *arena)
{
    if (slice_starts(file->path, SLICE("/")))
        return arena_cstr(arena, file->path);
    return arena_printf(arena, "%.*s/%.*s", SLICE_ARGS(house->plan.config_folder),
                        SLICE_ARGS(file->path))
        .at;
}

/* Which file it is, and when it was last written or put there; of a file that is missing, that. */
struct appearance {
    uint64_t device;
    uint64_t inode;
    uint64_t size;
    struct timespec written;
    struct timespec changed;
};

static struct appearance look_at(const char *path)
{
    struct stat found;

    if (stat(path, &found) < 0)
        return (struct appearance){ 0 };
    return (struct appearance){
        .device = found.st_dev,
        .inode = found.st_ino,
        .size = (uint64_t)found.st_size,
        .written = found.st_mtim,
        .changed = found.st_ctim,
    };
}

static uint64_t add_looks(const struct house *house, const struct conf_file *file, uint64_t mark,
                          struct arena *arena)
{
    struct siphash_key key = siphash_process_key();

    for (; file; file = file->next) {
        struct appearance appearance = look_at(path_of(house, file, arena));

        key.a ^= mark;
        mark = siphash(key, slice_of((const char *)&appearance, sizeof(appearance)));
    }
    return mark;
}

/* Another number when any of the files is another one or has changed. */
static uint64_t looks_of(const struct house *house, const struct tls_conf *tls, struct arena *arena)
{
    uint64_t mark = 0;

    for (unsigned i = 0; i < TLS_CONF_LISTS; i++)
        mark = add_looks(house, tls_conf_list(tls, i), mark, arena);
    return mark;
}

/* A file that is missing (a staple, or a certificate of AutoTLS, until there is one) has no text.
 */
static bool holds_text(const char *path, struct slice text)
{
    scoped_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    char *data;
    size_t len;

    if (fd < 0)
        return text.len == 0;
    if (fd_read_all(fd, FILE_MOST, &data, &len) < 0)
        return false;
    bool same = slice_equal(slice_of(data, len), text);
    explicit_bzero(data, len);
    free(data);
    return same;
}

static bool are_in_use(const struct house *house, const struct tls_conf *tls, struct arena *arena)
{
    for (unsigned i = 0; i < TLS_CONF_LISTS; i++)
        for (const struct conf_file *file = tls_conf_list(tls, i); file; file = file->next)
            if (!holds_text(path_of(house, file, arena), file->text))
                return false;
    return true;
}

/* ---- the look ---- */

static struct slice add_names(struct slice names, const struct conf_file *file, struct arena *arena)
{
    for (; file; file = file->next)
        names = arena_printf(arena, "%.*s\n%.*s", SLICE_ARGS(names), SLICE_ARGS(file->path));
    return names;
}

static struct slice names_of(const struct tls_conf *tls, struct arena *arena)
{
    struct slice names = SLICE("");

    for (unsigned i = 0; i < TLS_CONF_LISTS; i++)
        names = add_names(names, tls_conf_list(tls, i), arena);
    return names;
}

static struct renewal_mark *mark_of(struct renewal *renewal, const struct tls_conf *tls,
                                    struct arena *arena)
{
    struct slice names = names_of(tls, arena);
    struct renewal_mark *mark = table_find(&renewal->marks, names);

    if (!mark) {
        mark = arena_new(&renewal->arena, struct renewal_mark);
        *mark = (struct renewal_mark){ 0 };
        table_put(&renewal->marks, arena_copy(&renewal->arena, names), mark);
    }
    return mark;
}

/* The files are others than those in use, and rest: nobody is writing them any more. */
static bool is_to_be_renewed(struct house *house, const struct tls_conf *tls, struct arena *arena)
{
    struct renewal_mark *mark = mark_of(&house->renewal, tls, arena);

    if (mark->look == house->renewal.look) /* two hosts have the same files */
        return false;
    mark->look = house->renewal.look;
    const uint64_t looks = looks_of(house, tls, arena);
    const bool rests = looks == mark->seen;
    mark->seen = looks;
    if (!rests || looks == mark->settled)
        return false;
    mark->settled = looks;
    return !are_in_use(house, tls, arena);
}

static bool has_files(const struct tls_conf *tls)
{
    return tls->certificates || tls->authorities;
}

/* NULL: none. The others have their turn at the next look. */
static const struct tls_conf *find_changed(struct house *house, struct arena *arena)
{
    const struct server_conf *conf = house->plan.conf;

    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next)
        if (has_files(&binding->tls) && is_to_be_renewed(house, &binding->tls, arena))
            return &binding->tls;
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        if (has_files(&host->tls) && is_to_be_renewed(house, &host->tls, arena))
            return &host->tls;
    return NULL;
}

/* A host's certificate is shown on a binding that has one. */
static bool is_used(const struct house *house)
{
    const struct binding_conf *binding = house->plan.conf->bindings;

    while (binding && !binding->tls.certificates)
        binding = binding->next;
    return binding != NULL;
}

static void on_look(struct task *task)
{
    struct renewal *renewal = container_of(task, struct renewal, task);
    struct house *house = container_of(renewal, struct house, renewal);
    const struct tls_conf *changed = NULL;
    struct arena arena;

    renewal->timer.fired = false;
    if (reload_is_possible(house)) {
        arena_init(&arena);
        renewal->look++;
        changed = find_changed(house, &arena);
        arena_done(&arena);
    }
    renewal_begin(house);
    if (changed)
        reload_renew(house, changed);
}

void renewal_init(struct renewal *renewal)
{
    *renewal = (struct renewal){ .task.run = on_look };
    renewal->timer.task = &renewal->task;
    arena_init(&renewal->arena);
}

void renewal_begin(struct house *house)
{
    struct loop *loop = &house->loop;

    if (house->phase == PHASE_RUNNING && is_used(house))
        timer_set(loop, &house->renewal.timer, loop->now_ms + LOOK_EACH_MS);
    else
        timer_stop(loop, &house->renewal.timer);
}

void renewal_try_again(struct house *house)
{
    const struct table_entry *entry;
    size_t place = 0;

    while ((entry = table_next(&house->renewal.marks, &place)) != NULL)
        ((struct renewal_mark *)entry->value)->settled = 0;
}

void renewal_close(struct house *house)
{
    timer_stop(&house->loop, &house->renewal.timer);
    loop_forget(&house->loop, &house->renewal.task);
    table_done(&house->renewal.marks);
    arena_done(&house->renewal.arena);
}
