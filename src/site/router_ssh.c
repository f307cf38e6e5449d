/* CONNECT: to the SSH server of this machine, for who may (TunnelSSH), and nowhere else. */
#include "router_private.h"

#include "http/authorization.h"

/* Under which names it may be asked for. */
static const struct {
    const char *asked;
    const char *at;
} places[] = {
    { "localhost:22", "127.0.0.1:22" },
    { "127.0.0.1:22", "127.0.0.1:22" },
    { "[::1]:22", "[::1]:22" },
};

static const char *find_place(struct slice authority)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (slice_equal_nocase(authority, slice_cstr(places[i].asked)))
            return places[i].at;
    return NULL;
}

/* RFC 7617 */
static bool is_right(const struct ssh_conf *ssh, const struct field *field, struct arena *arena)
{
    struct authorization said;
    const char *why;

    if (!authorization_parse(field->value, arena, &said, &why) || said.scheme != AUTH_BASIC)
        return false;
    const bool same_user = slice_equal_secret(said.user, ssh->user);
    return slice_equal_secret(said.password, ssh->password) && same_user;
}

static bool ask_for_password(const struct judge *judge, bool was_given)
{
    struct exchange *x = judge->x;

    if (was_given)
        exchange_blame(x, OFFENCE_WRONG_PASSWORD, 0);
    fields_add_id(&judge->verdict->kept, &x->arena, FIELD_PROXY_AUTHENTICATE,
                  SLICE("Basic realm=\"SSH\", charset=\"UTF-8\""));
    return say(judge, 407,
               was_given ? "TunnelSSH: the user or the password is wrong"
                         : "TunnelSSH: a password is needed");
}

static bool let_through(const struct judge *judge, const char *place, const char *why)
{
    judge->verdict->answer = ANSWER_SSH;
    judge->verdict->why = why;
    judge->verdict->ssh = place;
    return true;
}

bool router_judge_connect(const struct judge *judge)
{
    const struct ssh_conf *ssh = &judge->snapshot->conf->ssh;
    struct exchange *x = judge->x;
    const char *place = find_place(x->request.target.authority);

    if (!ssh->is_on)
        return router_say_not_allowed(judge, "CONNECT is for proxies, and TunnelSSH is off");
    if (!place)
        return router_say_not_allowed(
            judge, "TunnelSSH leads to localhost:22, 127.0.0.1:22 and [::1]:22 only");
    if (conf_nets_hold(ssh->clients, &x->visit->client))
        return let_through(judge, place, "TunnelSSH names this client");
    if (ssh->user.len == 0)
        return router_say_not_allowed(judge, "TunnelSSH does not name this client");
    const struct field *field = fields_find(&x->request.fields, FIELD_PROXY_AUTHORIZATION);
    if (field && is_right(ssh, field, &x->arena))
        return let_through(judge, place, "TunnelSSH: the password is right");
    return ask_for_password(judge, field != NULL);
}
