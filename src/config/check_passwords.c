/* The files of PasswordFile: the server can read them, and their lines are in order. */
#include "build.h"

#include "base/container.h"
#include "base/table.h"
#include "config/load.h"
#include "config/password_file.h"

#include <string.h>

struct look {
    const struct server_conf *conf;
    struct load_ask *ask;
    struct diags *diags;
    const struct account *server; /* NULL: this process is as good as the server */
    struct table seen;            /* files: once is enough */
};

/* Notes what the parser finds. */
struct lines {
    struct password_critic critic;
    struct look *look;
    const char *path;
};

/* The line itself is not shown: it holds a hash. */
static void note(struct password_critic *critic, unsigned line, const char *why, const char *then)
{
    const struct lines *lines = container_of(critic, struct lines, critic);
    const struct diag_place place = { .file = lines->path, .line = line };

    diag_add(lines->look->diags, DIAG_WARNING, &place, "%s%s", why, then);
}

static void note_fault(struct password_critic *critic, unsigned line, const char *why)
{
    note(critic, line, why, "; the line does not count");
}

static void note_doubt(struct password_critic *critic, unsigned line, const char *why)
{
    note(critic, line, why, "");
}

static void tell_unreadable(const struct look *look, struct slice path,
                            const struct diag_place *place, int error)
{
    const struct slice user = look->server ? look->conf->server_user : SLICE("running this");

    diag_hint(look->diags,
              diag_add(look->diags, DIAG_ERROR, place, "the user %.*s cannot read '%.*s': %s",
                       SLICE_ARGS(user), SLICE_ARGS(path), strerror(-error)),
              "the server reads it while it runs: chgrp it to the group of that user and "
              "chmod 640, and let the user pass the folders on the way");
}

static void look_at(struct look *look, struct slice path, enum password_kind kind,
                    const struct diag_place *place)
{
    struct arena *arena = look->diags->arena;
    struct lines lines = { .critic = { note_fault, note_doubt }, .look = look };
    struct password_file parsed;
    struct slice text;

    if (path.len == 0 || table_put(&look->seen, path, look))
        return;
    lines.path = arena_cstr(arena, path);
    const int error = look->ask->text(look->ask, lines.path, look->server, arena, &text);
    if (error < 0) {
        tell_unreadable(look, path, place, error);
        return;
    }
    password_file_parse(text, kind, arena, &lines.critic, &parsed);
    password_file_done(&parsed);
}

static void look_at_login(struct look *look, const struct conf_login *login)
{
    if (login->kind == LOGIN_NONE)
        return;
    look_at(look, login->file, login->kind == LOGIN_DIGEST ? PASSWORD_DIGEST : PASSWORD_BASIC,
            &login->place);
    look_at(look, login->group_file, PASSWORD_GROUPS, &login->place);
}

void check_passwords(const struct server_conf *conf, struct load_ask *ask, struct diags *diags)
{
    struct account server = { 0 };
    struct look look = { .conf = conf, .ask = ask, .diags = diags };

    if (ask->is_root(ask) &&
        !ask->account(ask, conf->server_user, conf->server_groups, diags->arena, &server))
        look.server = &server;
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        look_at_login(&look, &host->folder.login);
    for (const struct directory_conf *one = conf->directories; one; one = one->next)
        look_at_login(&look, &one->folder.login);
    table_done(&look.seen);
}
