/* TunnelSSH: the SSH server of this machine through a port of the house. */
#include "build.h"

#include "base/encode.h"

static bool read_credentials(struct build *build, struct slice text, struct ssh_conf *ssh)
{
    char *plain = arena_bytes(build->arena, text.len + 1);
    size_t len;

    return base64_decode(text, plain, &len) &&
           slice_cut(slice_of(plain, len), ':', &ssh->user, &ssh->password) && ssh->user.len > 0 &&
           ssh->password.len > 0;
}

static void set_credentials(struct build *build, const struct tree_node *node,
                            const struct option_row *row, struct slice text, struct ssh_conf *ssh)
{
    if (read_credentials(build, text, ssh))
        return;
    diag_hint(build->diags,
              build_fault(build, DIAG_ERROR, node, text,
                          "'%s' wants USER:PASSWORD in base64 here, not '%.*s'", row->name,
                          SLICE_ARGS(text)),
              "`printf '%%s' 'user:password' | base64` writes it");
}

/* Either part may be missing; what is no address is taken for credentials. */
static bool begins_with_address(struct slice value)
{
    struct address_net net;
    struct slice first;

    return slice_next(&value, ',', &first) && address_net_parse(first, &net);
}

static void tunnel_ssh_set(struct build *build, void *record, const struct tree_node *node,
                           const struct option_row *row)
{
    struct ssh_conf *ssh = &((struct server_conf *)record)->ssh;
    struct slice places;
    struct slice credentials;
    const bool both = slice_cut(node->value, ';', &places, &credentials);

    ssh->is_on = true;
    ssh->place = tree_place(node, node->value);
    if (!both && !begins_with_address(places)) {
        set_credentials(build, node, row, slice_trim(places), ssh);
        return;
    }
    nets_add(
        build, &ssh->clients, node, row, places,
        "lets everybody reach the SSH server of this machine, without a password of the house");
    if (both)
        set_credentials(build, node, row, slice_trim(credentials), ssh);
}

static const struct option_row rows[] = {
    {
        .name = "TunnelSSH",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .repeat = REPEAT_APPENDS,
        .set = tunnel_ssh_set,
        .grammar = "ADDRESS[/BITS][, ...][;CREDENTIALS] | CREDENTIALS",
        .text =
            "CONNECT to `localhost:22`, `127.0.0.1:22` or `[::1]:22` leads to the SSH server of "
            "this machine, where a firewall lets nothing else pass. These clients may do that, "
            "and whoever gives CREDENTIALS in Proxy-Authorization: USER:PASSWORD in base64, for "
            "Basic. A tunnel on which nothing is said for a day is closed. May be repeated: "
            "addresses are added, the last credentials count.",
    },
};

const struct option_group ssh_options = { rows, sizeof(rows) / sizeof(rows[0]) };
