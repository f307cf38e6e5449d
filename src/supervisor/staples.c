/* Answers about certificates (TLSstaple): what is asked about, and what came, which is kept here.
 */
#include "supervisor_private.h"

#include "base/encode.h"
#include "ipc/acme.h"
#include "os/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX   ".ocsp"
#define UNUSED_S INT64_C(5184000) /* 60 days: what is in use is written daily */

/* ---- what is asked about ---- */

static bool is_added(const struct acme_tasks *tasks, struct slice id)
{
    for (uint32_t i = 0; i < tasks->staple_count; i++)
        if (slice_equal(tasks->staples[i].id, id))
            return true;
    return false;
}

static void add_one(const struct tls_conf *tls, struct arena *arena, struct acme_tasks *tasks)
{
    const struct conf_file *staple = tls->asks ? tls->staples : NULL;

    for (const struct conf_file *file = tls->certificates; file && staple; file = file->next) {
        if (!is_added(tasks, staple_id(staple)))
            tasks->staples[tasks->staple_count++] = (struct acme_staple){
                .id = staple_id(staple),
                .name = file->path,
                .certificates = staple_certificates(file->text, arena),
                .answer = staple->text,
            };
        staple = staple->next;
    }
}

static unsigned count_of(const struct tls_conf *tls)
{
    unsigned count = 0;

    for (const struct conf_file *file = tls->asks ? tls->staples : NULL; file; file = file->next)
        count++;
    return count;
}

static unsigned count_all(const struct server_conf *conf)
{
    unsigned count = 0;

    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next)
        count += count_of(&binding->tls);
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        count += count_of(&host->tls);
    return count;
}

void staples_add(const struct server_conf *conf, struct arena *arena, struct acme_tasks *tasks)
{
    tasks->staples = arena_array(arena, struct acme_staple, count_all(conf));
    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next)
        add_one(&binding->tls, arena, tasks);
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        add_one(&host->tls, arena, tasks);
}

/* ---- what came ---- */

static bool is_unused(int folder, const char *name)
{
    struct stat found;

    return slice_ends(slice_cstr(name), SLICE(SUFFIX)) &&
           fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(found.st_mode) &&
           found.st_mtime + UNUSED_S < time(NULL);
}

/* Those about certificates that were renewed since: nobody reads them any more. */
static void remove_unused(const struct server_conf *conf)
{
    scoped_fd folder = -1;
    struct dirent *entry;

    if (acme_open_folder(conf, &folder) < 0)
        return;
    const int list = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = list >= 0 ? fdopendir(list) : NULL;
    if (!dir) {
        if (list >= 0)
            close(list);
        return;
    }
    while ((entry = readdir(dir)) != NULL)
        if (is_unused(folder, entry->d_name))
            (void)unlinkat(folder, entry->d_name, 0);
    closedir(dir);
}

static void tell(struct house *house, const struct conf_file *file, uint64_t news)
{
    if (news == ACME_NEWS_FIRST)
        log_notice(&house->journal.log,
                   "the authority has answered that the certificate '%.*s' is good (OCSP): it is "
                   "stapled from now on",
                   SLICE_ARGS(file->path));
    else if (news == ACME_NEWS_AGAIN)
        log_notice(&house->journal.log,
                   "the authority answers again that the certificate '%.*s' is good (OCSP)",
                   SLICE_ARGS(file->path));
}

/* Of base64. NULL, or why not. */
static const char *write_answer(const struct server_conf *conf, const char *name,
                                struct slice coded)
{
    struct arena arena = { 0 };
    char *bytes = arena_bytes(&arena, coded.len + 3);
    size_t len = 0;
    int r = -EBADMSG;

    if (base64_decode(coded, bytes, &len))
        r = acme_write(conf, name, slice_of(bytes, len));
    arena_done(&arena);
    return r < 0 ? strerror(-r) : NULL;
}

const char *staples_keep(struct house *house, const struct handover *message)
{
    const struct server_conf *conf = house->plan.conf;
    const struct acme_intake *intake = &house->acme_intake;
    const struct conf_file *file = staple_find(conf, message->text);
    char name[NAME_MAX + 1];

    if (intake->is_too_long)
        return "it is too long";
    if (!file)
        return "nobody wants it any more";
    if (snprintf(name, sizeof(name), "%.*s" SUFFIX, SLICE_ARGS(message->text)) >= (int)sizeof(name))
        return "the name is too long";
    const char *why = write_answer(conf, name, slice_of(intake->bytes, intake->len));
    if (why)
        return why;
    remove_unused(conf);
    tell(house, file, message->number); /* renewal.c finds the file */
    return NULL;
}
