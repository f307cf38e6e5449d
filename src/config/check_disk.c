/* What the texts cannot tell: whether the things they name are there. */
#include "build.h"

#include "base/table.h"
#include "config/load.h"
#include "os/cgroup.h"
#include "os/fd.h"
#include "os/landlock.h"
#include "os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define TEXT_MOST ((size_t)16 * 1024 * 1024)

/* ---- the real disk ---- */

static int disk_stat(struct load_ask *ask, const char *path, unsigned *ret_mode)
{
    struct stat info;

    (void)ask;
    if (stat(path, &info) < 0)
        return -errno;
    *ret_mode = info.st_mode;
    return 0;
}

static int disk_executable(struct load_ask *ask, const char *path)
{
    (void)ask;
    return access(path, X_OK) < 0 ? -errno : 0;
}

static bool disk_user_known(struct load_ask *ask, const char *user)
{
    (void)ask;
    return getpwnam(user) != NULL;
}

static bool disk_is_root(struct load_ask *ask)
{
    (void)ask;
    return geteuid() == 0;
}

static uint64_t disk_capabilities(struct load_ask *ask)
{
    uint64_t have;

    (void)ask;
    return sandbox_capabilities(&have) < 0 ? 0 : have;
}

static const char *disk_account(struct load_ask *ask, struct slice user,
                                const struct conf_word *groups, struct arena *arena,
                                struct account *ret)
{
    (void)ask;
    return account_find(user, groups, arena, ret);
}

static bool is_in_group(const struct account *account, uint32_t group)
{
    for (uint32_t i = 0; i < account->group_count; i++)
        if (account->groups[i] == group)
            return true;
    return account->group == group;
}

/* By the three sets of permission bits. What an access list adds cannot be seen here: with one the
 * answer is yes. */
static bool may(const char *path, unsigned wanted, const struct account *as)
{
    struct stat info;

    if (as->user == 0 || stat(path, &info) < 0)
        return true;
    unsigned shift = info.st_uid == as->user ? 6 : is_in_group(as, info.st_gid) ? 3 : 0;
    return (info.st_mode >> shift & wanted) == wanted ||
           getxattr(path, "system.posix_acl_access", NULL, 0) > 0;
}

/* Through all folders on the way, and then what is wanted. */
static bool may_reach(const char *path, unsigned wanted, const struct account *as)
{
    char folder[PATH_MAX];

    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        size_t len = (size_t)(slash - path);

        if (len >= sizeof(folder))
            return true;
        memcpy(folder, path, len);
        folder[len] = '\0';
        if (!may(folder, 1, as))
            return false;
    }
    return may(path, wanted, as);
}

static bool disk_may_pass(struct load_ask *ask, const char *path, const struct account *as)
{
    (void)ask;
    return as ? may(path, 1, as) : access(path, X_OK) == 0 || errno != EACCES;
}

static int disk_socket(struct load_ask *ask, const char *path, const struct account *as,
                       struct load_socket *ret)
{
    struct stat info;

    (void)ask;
    if (stat(path, &info) < 0)
        return -errno;
    *ret = (struct load_socket){
        .is_socket = S_ISSOCK(info.st_mode),
        .may_connect = as ? may_reach(path, 2, as) : access(path, W_OK) == 0,
        .owner = info.st_uid,
    };
    return 0;
}

static int disk_text(struct load_ask *ask, const char *path, const struct account *as,
                     struct arena *arena, struct slice *ret)
{
    char *bytes = NULL;
    struct stat info;
    size_t len;
    scoped_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    (void)ask;
    if (fd < 0 || fstat(fd, &info) < 0)
        return -errno;
    if (!S_ISREG(info.st_mode))
        return S_ISDIR(info.st_mode) ? -EISDIR : -EINVAL;
    if (as && !may_reach(path, 4, as))
        return -EACCES;
    const int r = fd_read_all(fd, TEXT_MOST, &bytes, &len);
    if (r < 0)
        return r;
    *ret = arena_copy(arena, slice_of(bytes, len));
    free(bytes);
    return 0;
}

static uint64_t ceiling(int resource)
{
    struct rlimit limit;

    return getrlimit((__rlimit_resource_t)resource, &limit) < 0 || limit.rlim_max == RLIM_INFINITY
               ? UINT64_MAX
               : limit.rlim_max;
}

static struct load_ceilings disk_ceilings(struct load_ask *ask)
{
    (void)ask;
    return (struct load_ceilings){
        .memory_bytes = ceiling(RLIMIT_AS),
        .processes = ceiling(RLIMIT_NPROC),
        .files = ceiling(RLIMIT_NOFILE),
    };
}

static int disk_cgroup(struct load_ask *ask, const char *wanted, unsigned *ret_controllers)
{
    char base[4096];
    int r = cgroup_find_base(wanted, base, sizeof(base));

    (void)ask;
    if (r < 0)
        return r;
    scoped_fd folder = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder < 0 ? -errno : cgroup_controllers(folder, ret_controllers);
}

static int disk_landlock(struct load_ask *ask)
{
    (void)ask;
    return landlock_abi();
}

struct load_ask *load_ask_disk(void)
{
    static struct load_ask disk = {
        .stat = disk_stat,
        .executable = disk_executable,
        .user_known = disk_user_known,
        .is_root = disk_is_root,
        .capabilities = disk_capabilities,
        .account = disk_account,
        .ceilings = disk_ceilings,
        .cgroup = disk_cgroup,
        .landlock = disk_landlock,
        .may_pass = disk_may_pass,
        .find_htpasswd = htpasswd_find,
        .socket = disk_socket,
        .text = disk_text,
    };

    return &disk;
}

/* ---- the questions ---- */

struct asking {
    struct load_ask *ask;
    struct diags *diags;
    struct table *folders; /* log folders that were reported: once is enough for all hosts */
};

static const char *cstr(const struct asking *asking, struct slice text)
{
    return arena_cstr(asking->diags->arena, text);
}

static void check_folder(const struct asking *asking, const char *option, struct slice path,
                         const struct diag_place *place, const char *what_then)
{
    unsigned mode = 0;

    if (path.len == 0)
        return;
    int error = asking->ask->stat(asking->ask, cstr(asking, path), &mode);
    if (error < 0)
        diag_hint(asking->diags,
                  diag_add(asking->diags, DIAG_WARNING, place, "the %s '%.*s': %s", option,
                           SLICE_ARGS(path), strerror(-error)),
                  "%s", what_then);
    else if (!S_ISDIR(mode))
        diag_add(asking->diags, DIAG_ERROR, place, "the %s '%.*s' is no folder", option,
                 SLICE_ARGS(path));
}

static void check_roots(const struct asking *asking, const struct vhost_conf *host)
{
    check_folder(asking, "WebsiteRoot", host->website_root, &host->website_root_place,
                 "requests for this website are answered 404 until the folder is there");
    for (const struct conf_folder *folder = host->sendfile_roots; folder; folder = folder->next)
        check_folder(asking, "SendfileRoot", folder->path, &folder->place,
                     "the house looks for it when it starts and at each reload; until then its "
                     "files are answered 404");
}

static void check_script_alias(const struct asking *asking, const struct alias_conf *alias)
{
    const struct slice parts[] = { alias->folder, SLICE("/"), alias->file };
    struct slice path = arena_join(asking->diags->arena, parts, 3);
    unsigned mode = 0;
    int error = asking->ask->stat(asking->ask, cstr(asking, path), &mode);

    if (error == 0 && !S_ISREG(mode))
        error = S_ISDIR(mode) ? -EISDIR : -EINVAL;
    if (error < 0)
        diag_hint(asking->diags,
                  diag_add(asking->diags, DIAG_WARNING, &alias->place, "the ScriptAlias '%.*s': %s",
                           SLICE_ARGS(path), strerror(-error)),
                  "until it is there, requests for '%.*s' are answered 404",
                  SLICE_ARGS(alias->url));
}

static void check_aliases_on_disk(const struct asking *asking, const struct vhost_conf *host)
{
    for (const struct alias_conf *alias = host->aliases; alias; alias = alias->next) {
        if (alias->file.len > 0)
            check_script_alias(asking, alias);
        else
            check_folder(asking, "Alias", alias->folder, &alias->place,
                         "the house looks for it when it starts and at each reload; until then its "
                         "files are answered 404");
    }
}

static bool is_all_here(const struct vhost_conf *host)
{
    for (unsigned i = 0; i < host->use_fastcgi_count; i++) {
        if (!host->use_fastcgi[i]->all_local)
            return false;
    }
    return true;
}

/* A missing folder was reported already. */
static void check_front_controller(const struct asking *asking, const struct vhost_conf *host)
{
    const struct slice parts[] = { host->website_root, SLICE("/"), host->front_controller };
    unsigned mode = 0;

    if (host->front_controller.len == 0 || host->website_root.len == 0 || !is_all_here(host) ||
        asking->ask->stat(asking->ask, cstr(asking, host->website_root), &mode) < 0)
        return;

    struct slice path = arena_join(asking->diags->arena, parts, 3);
    int error = asking->ask->stat(asking->ask, cstr(asking, path), &mode);
    if (error == 0 && !S_ISREG(mode))
        error = -EISDIR;
    if (error < 0)
        diag_hint(asking->diags,
                  diag_add(asking->diags, DIAG_WARNING, &host->front_controller_place,
                           "the FrontController '%.*s': %s", SLICE_ARGS(path), strerror(-error)),
                  "until it is there, every path that is no file is answered 404");
}

static void check_runnable(const struct asking *asking, const char *what, struct slice program,
                           const struct diag_place *place)
{
    const char *path = cstr(asking, program);
    unsigned mode = 0;
    int error = asking->ask->stat(asking->ask, path, &mode);

    if (error == 0 && !S_ISREG(mode))
        error = -EACCES;
    if (error == 0)
        error = asking->ask->executable(asking->ask, path);
    if (error < 0)
        diag_hint(asking->diags,
                  diag_add(asking->diags, DIAG_WARNING, place, "the %s '%s' cannot be run: %s",
                           what, path, strerror(-error)),
                  "install it, or correct the path");
}

static void check_handlers(const struct asking *asking, const struct cgi_handler_conf *handler)
{
    for (; handler; handler = handler->next)
        check_runnable(asking, "interpreter", handler->program, &handler->place);
}

/* What runs after requests: nobody would see that it does not. */
static void check_hooks(const struct asking *asking, const struct server_conf *conf)
{
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        if (host->run_on_alter.len > 0)
            check_runnable(asking, "program of RunOnAlter", host->run_on_alter, &host->place);
    for (const struct directory_conf *directory = conf->directories; directory;
         directory = directory->next)
        if (directory->folder.run_on_download.len > 0)
            check_runnable(asking, "program of RunOnDownload", directory->folder.run_on_download,
                           &directory->place);
}

/* Made at the start of the house, as far as its rights go. */
#define HOUSE_LOG_FOLDER SLICE("/var/log/longhouse")

static void check_log(const struct asking *asking, const struct conf_log *log)
{
    unsigned mode = 0;

    if (log->kind != LOG_TO_FILE || !log->place.file)
        return;
    size_t slash = slice_find_last(log->path, '/');
    struct slice folder = slice_first(log->path, slash > 0 ? slash : 1);

    int error = asking->ask->stat(asking->ask, cstr(asking, folder), &mode);
    if (error == 0 && !S_ISDIR(mode))
        error = -ENOTDIR;
    if (error == 0 || (error == -ENOENT && slice_equal(folder, HOUSE_LOG_FOLDER)))
        return;
    if (table_put(asking->folders, folder, asking->ask))
        return;
    diag_hint(asking->diags,
              diag_add(asking->diags, DIAG_ERROR, &log->place, "the log folder '%.*s': %s",
                       SLICE_ARGS(folder), strerror(-error)),
              "make the folder, or write none, stdout or stderr");
}

static void check_budget(const struct asking *asking, const struct server_conf *conf,
                         const struct run_conf *run)
{
    char most[32];
    char own[32];

    if (conf->workers_memory_bytes == 0 || run->memory_bytes <= conf->workers_memory_bytes)
        return;
    diag_hint(asking->diags,
              diag_add(asking->diags, DIAG_WARNING, &run->place,
                       "a worker may grow to %s (WorkerMemory), which is more than all may have "
                       "together (WorkersMemory: %s)",
                       show_size(run->memory_bytes, own),
                       show_size(conf->workers_memory_bytes, most)),
              "lower WorkerMemory, or raise WorkersMemory");
}

/* What all pools are sure to have, if their workers grow as far as they may. */
static void check_least(const struct asking *asking, const struct server_conf *conf)
{
    uint64_t sum = 0;
    char most[32];
    char least[32];

    for (unsigned i = 0; i < conf->pool_count; i++)
        sum += conf->pools[i]->run.min_workers * conf->pools[i]->run.memory_bytes;
    if (conf->workers_memory_bytes == 0 || sum <= conf->workers_memory_bytes)
        return;
    diag_hint(asking->diags,
              diag_add(asking->diags, DIAG_WARNING, &conf->pools[0]->run.place,
                       "MinWorkers of all pools may grow to %s, which is more than WorkersMemory "
                       "(%s)",
                       show_size(sum, least), show_size(conf->workers_memory_bytes, most)),
              "lower MinWorkers or WorkerMemory, or raise WorkersMemory");
}

static bool is_first_of(const struct server_conf *conf, const struct fastcgi_conf *pool)
{
    const struct diag_place *place = &pool->run.place;

    for (unsigned i = 0; i < pool->run.pool; i++)
        if (conf->pools[i]->run.place.file == place->file &&
            conf->pools[i]->run.place.line == place->line)
            return false;
    return true;
}

static void check_workers(const struct asking *asking, const struct server_conf *conf)
{
    for (unsigned i = 0; i < conf->pool_count; i++) {
        const struct run_conf *run = &conf->pools[i]->run;

        if (!is_first_of(conf, conf->pools[i])) /* once for all identities of a section */
            continue;
        check_runnable(asking, "program", run->program, &run->place);
        check_log(asking, &run->error_log);
        check_budget(asking, conf, run);
    }
    check_least(asking, conf);
}

/* Numbers need no entry; the default user matters only to a house started as root, which looks
 * itself. */
static void check_user(const struct asking *asking, const struct server_conf *conf)
{
    if (!conf->server_id_place.file || ascii_is_digit(conf->server_user.at[0]))
        return;
    if (!asking->ask->user_known(asking->ask, cstr(asking, conf->server_user)))
        diag_hint(asking->diags,
                  diag_add(asking->diags, DIAG_ERROR, &conf->server_id_place,
                           "there is no user '%.*s'", SLICE_ARGS(conf->server_user)),
                  "make the account, or name another one");
}

void load_check_disk(const struct server_conf *conf, struct load_ask *ask, struct diags *diags)
{
    struct table folders = { 0 };
    struct asking asking = { .ask = ask, .diags = diags, .folders = &folders };

    check_user(&asking, conf);
    check_log(&asking, &conf->system_log);
    check_log(&asking, &conf->exploit_log);
    check_log(&asking, &conf->garbage_log);
    check_handlers(&asking, conf->cgi_handlers);
    check_hooks(&asking, conf);
    check_workers(&asking, conf);
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        check_roots(&asking, host);
        check_aliases_on_disk(&asking, host);
        check_front_controller(&asking, host);
        check_log(&asking, &host->access_log);
        check_log(&asking, &host->error_log);
        check_handlers(&asking, host->cgi_handlers);
    }
    check_run_as(conf, ask, diags);
    check_users(conf, ask, diags);
    check_sockets(conf, ask, diags);
    check_syslog(conf, ask, diags);
    check_passwords(conf, ask, diags);
    check_cgroup(conf, ask, diags);
    check_htpasswd(conf, ask, diags);
    check_enter(conf, ask, diags);
    check_sandbox(conf, ask, diags);
    check_xslt(conf, ask, diags);
    table_done(&folders);
}
