/* The program for certificates: what it is to get, and what it got, which is kept here. */
#include "supervisor_private.h"

#include "ipc/acme.h"
#include "os/fd.h"
#include "os/replacement.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ACCOUNT  "account.key"
#define KEY_MOST 65536u

/* ---- the folder ---- */

int acme_open_folder(const struct server_conf *conf, int *ret_fd)
{
    char path[4096];
    struct stat found;

    if (snprintf(path, sizeof(path), "%.*s", SLICE_ARGS(conf->acme.folder)) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return -errno;
    scoped_fd fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &found) < 0)
        return -errno;
    if (found.st_uid != geteuid() || (found.st_mode & 077) != 0)
        return -EPERM;
    *ret_fd = fd_take(&fd);
    return 0;
}

bool acme_check_folder(const struct server_conf *conf, struct diags *diags)
{
    scoped_fd fd = -1;
    const int r = acme_is_used(conf) ? acme_open_folder(conf, &fd) : 0;

    if (r == 0)
        return true;
    diag_hint(diags,
              diag_add(diags, DIAG_ERROR, &conf->acme.folder_place,
                       "ACMEfolder '%.*s' cannot be used: %s", SLICE_ARGS(conf->acme.folder),
                       r == -EPERM ? "others may enter it" : strerror(-r)),
              "it must belong to who starts the house, with mode 0700; it is made if the folder "
              "above it is there");
    return false;
}

/* Malloc'd; NULL: there is no account yet, or no key that is ours alone. */
static char *read_account(const struct server_conf *conf)
{
    scoped_fd folder = -1;
    struct stat found;
    char *text;
    size_t len;

    if (acme_open_folder(conf, &folder) < 0)
        return NULL;
    scoped_fd fd = openat(folder, ACCOUNT, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &found) < 0 || !S_ISREG(found.st_mode) || found.st_uid != geteuid() ||
        (found.st_mode & 077) != 0 || fd_read_all(fd, KEY_MOST, &text, &len) < 0)
        return NULL;
    return text;
}

int acme_write(const struct server_conf *conf, const char *name, struct slice text)
{
    struct replacement file;
    int folder = -1;
    int r = acme_open_folder(conf, &folder);

    if (r < 0)
        return r;
    r = replacement_open(folder, 0600, &file);
    if (r < 0)
        return r;
    r = fd_write_all(file.fd, text.at, text.len);
    if (r == 0 && fsync(file.fd) < 0)
        r = -errno;
    if (r == 0)
        return replacement_place(&file, name);
    replacement_drop(&file);
    return r;
}

/* ---- what is to be got ---- */

static void add_sites(const struct server_conf *conf, struct arena *arena, struct acme_tasks *tasks)
{
    tasks->sites = arena_array(arena, struct acme_site, conf->host_count);
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        if (host->tls.automatic)
            tasks->sites[tasks->count++] = (struct acme_site){
                .id = acme_id(&host->tls),
                .names = host->tls.names,
                .pem = host->tls.certificates->text,
            };
}

static int seal_tasks(const struct acme_tasks *tasks, int *ret_fd)
{
    char *data;
    size_t len;

    acme_tasks_encode(tasks, &data, &len);
    const int r = fd_sealed("acme", data, len, ret_fd);
    explicit_bzero(data, len);
    free(data);
    return r;
}

static void send_tasks(struct house *house)
{
    const struct server_conf *conf = house->plan.conf;
    struct arena arena = { 0 };
    char *account = read_account(conf);
    struct acme_tasks tasks = {
        .directory = conf->acme.directory,
        .contact = conf->acme.contact,
        .roots = conf->acme.ca ? conf->acme.ca->text : SLICE(""),
        .account = slice_cstr(account),
        .proof = conf->acme.by_alpn ? ACME_PROOF_ALPN : ACME_PROOF_HTTP,
        .agrees = conf->acme.agrees,
    };
    scoped_fd fd = -1;

    add_sites(conf, &arena, &tasks);
    staples_add(conf, &arena, &tasks);
    const int r = seal_tasks(&tasks, &fd);
    if (r < 0)
        log_error(&house->journal.log, "no certificates are got: no memory file for the tasks: %s",
                  strerror(-r));
    else
        child_send(&house->acme, &(struct handover){ .kind = HANDOVER_ACME_TASKS }, fd);
    if (account)
        explicit_bzero(account, strlen(account));
    free(account);
    arena_done(&arena);
}

void acme_renew(struct house *house)
{
    const struct child *child = &house->acme;

    if (child->ready)
        send_tasks(house);
    else if (child->pid == 0 && acme_is_used(house->plan.conf))
        house_start_child(&house->acme);
}

/* ---- what it got ---- */

static void take_piece(struct acme_intake *intake, struct slice piece)
{
    if (intake->len + piece.len > sizeof(intake->bytes)) {
        intake->is_too_long = true;
        return;
    }
    memcpy(intake->bytes + intake->len, piece.at, piece.len);
    intake->len += piece.len;
}

/* NULL, or why it is not kept. Without an id it is the key of the account. */
static const char *keep(struct house *house, struct slice id)
{
    const struct server_conf *conf = house->plan.conf;
    const struct acme_intake *intake = &house->acme_intake;
    char name[NAME_MAX + 1] = ACCOUNT;

    if (intake->is_too_long)
        return "it is too long";
    if (id.len > 0 && !acme_has(conf, id))
        return "nobody wants it any more";
    if (id.len > 0 && snprintf(name, sizeof(name), "%.*s.pem", SLICE_ARGS(id)) >= (int)sizeof(name))
        return "the name is too long";
    const int r = acme_write(conf, name, slice_of(intake->bytes, intake->len));
    if (r < 0)
        return strerror(-r);
    if (id.len > 0) /* renewal.c finds the file */
        log_notice(&house->journal.log, "%.*s has a new certificate in ACMEfolder", SLICE_ARGS(id));
    else
        log_notice(&house->journal.log, "a new account for certificates is opened at %.*s",
                   SLICE_ARGS(conf->acme.directory));
    return NULL;
}

static void on_keep(struct house *house, const struct handover *message)
{
    struct acme_intake *intake = &house->acme_intake;
    const bool is_staple = message->index == ACME_STAPLE;
    const char *why = is_staple ? staples_keep(house, message) : keep(house, message->text);

    explicit_bzero(intake->bytes, intake->len);
    intake->len = 0;
    intake->is_too_long = false;
    if (!why && !is_staple && message->text.len == 0)
        send_tasks(house); /* which have the key, before it goes on */
    child_send(&house->acme,
               &(struct handover){ .kind = HANDOVER_ACME_KEEP, .text = slice_cstr(why) }, -1);
}

/* ---- news ---- */

static void on_ready(struct child *child)
{
    struct house *house = child->house;

    if (child->backoff.died_before)
        log_notice(&house->journal.log, "the %s is ready again as pid %d", child->name,
                   (int)child->pid);
    child->ready = true;
    send_tasks(house);
}

static void on_message(struct child *child, const struct handover *message)
{
    struct house *house = child->house;

    if (message->kind == HANDOVER_READY)
        on_ready(child);
    else if (message->kind == HANDOVER_FAILED && child->ready)
        log_error(&house->journal.log, "%.*s", SLICE_ARGS(message->text));
    else if (message->kind == HANDOVER_ACME_PIECE)
        take_piece(&house->acme_intake, message->text);
    else if (message->kind == HANDOVER_ACME_KEEP)
        on_keep(house, message);
    else if ((message->kind == HANDOVER_ACME_STATE || message->kind == HANDOVER_ACME_PROOF) &&
             house->server.ready)
        child_send(&house->server, message, -1);
}

void acme_pass_on(struct house *house, const struct handover *message)
{
    if (house->acme.pid > 0)
        child_send(&house->acme, message, -1);
}

void acme_init(struct house *house)
{
    child_init(&house->acme, house, "acme", true, on_message);
}
