/* Whether the server will be let in where FastCGI programs listen, and by whom. */
#include "build.h"
#include "config/load.h"

#include <inttypes.h>
#include <string.h>

/* What one look at all sockets knows. */
struct look {
    const struct server_conf *conf;
    struct load_ask *ask;
    struct diags *diags;
    const struct account *server; /* NULL: this process is as good as the server */
};

static void tell_missing(const struct look *look, const struct connect_conf *target, int error)
{
    diag_hint(look->diags,
              diag_add(look->diags, DIAG_WARNING, &target->place, "the socket '%.*s': %s",
                       SLICE_ARGS(target->text), strerror(-error)),
              "is the FastCGI program running? Requests are answered 503 until it is");
}

static void tell_closed(const struct look *look, const struct connect_conf *target)
{
    struct slice user = look->server ? look->conf->server_user : SLICE("running this");

    diag_hint(look->diags,
              diag_add(look->diags, DIAG_WARNING, &target->place,
                       "the user %.*s may not open the socket '%.*s'", SLICE_ARGS(user),
                       SLICE_ARGS(target->text)),
              "connecting needs the right to write to it, and to pass the folders on the way "
              "(php-fpm: listen.owner, listen.group, listen.mode)");
}

static void tell_owner(const struct look *look, const struct fastcgi_conf *section,
                       const struct connect_conf *target, uint32_t owner)
{
    diag_hint(look->diags,
              diag_add(look->diags, DIAG_WARNING, &target->place,
                       "the socket '%.*s' belongs to the user with the number %" PRIu32
                       ", and not to '%.*s' (SocketOwner)",
                       SLICE_ARGS(target->text), owner, SLICE_ARGS(section->socket_owner)),
              "nothing is sent there: requests are answered 503");
}

/* False: there is no such user, which is told. Without SocketOwner it is nobody's. */
static bool find_owner(const struct look *look, const struct fastcgi_conf *section,
                       struct account *ret)
{
    /* Only the user matters: a number without an entry has no group of its own. */
    static const struct conf_word any_group = { .text = SLICE_INIT("0") };

    if (section->socket_owner.len == 0 ||
        !look->ask->account(look->ask, section->socket_owner, &any_group, look->diags->arena, ret))
        return true;
    diag_hint(look->diags,
              diag_add(look->diags, DIAG_ERROR, &section->socket_owner_place,
                       "SocketOwner: there is no user '%.*s'", SLICE_ARGS(section->socket_owner)),
              "make the account, or name another one");
    return false;
}

static void look_at(const struct look *look, const struct fastcgi_conf *section)
{
    struct account owner = { 0 };
    bool has_owner = find_owner(look, section, &owner) && section->socket_owner.len > 0;

    for (const struct connect_conf *target = section->targets; target; target = target->next) {
        struct load_socket found = { 0 };

        if (target->address.any.sa_family != AF_UNIX)
            continue;
        int error = look->ask->socket(look->ask, target->address.un.sun_path, look->server, &found);
        if (error < 0)
            tell_missing(look, target, error);
        else if (!found.is_socket)
            diag_add(look->diags, DIAG_WARNING, &target->place, "'%.*s' is no socket",
                     SLICE_ARGS(target->text));
        else if (!found.may_connect)
            tell_closed(look, target);
        else if (has_owner && found.owner != owner.user)
            tell_owner(look, section, target, found.owner);
    }
}

void check_sockets(const struct server_conf *conf, struct load_ask *ask, struct diags *diags)
{
    struct look look = { .conf = conf, .ask = ask, .diags = diags };
    struct account server;

    if (ask->is_root(ask) &&
        !ask->account(ask, conf->server_user, conf->server_groups, diags->arena, &server))
        look.server = &server;
    for (const struct fastcgi_conf *section = conf->fastcgi; section; section = section->next)
        if (section->run.program.len == 0) /* else the house makes it */
            look_at(&look, section);
}
