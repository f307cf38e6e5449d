/* The resolver: whether it is needed, and how the server reaches it. */
#include "supervisor_private.h"

#include "os/fd.h"
#include "os/pass.h"

#include <string.h>

bool names_are_used(const struct house *house)
{
    const struct fastcgi_conf *section = house->plan.conf->fastcgi;

    for (; section; section = section->next)
        for (const struct connect_conf *target = section->targets; target; target = target->next)
            if (target->host.len > 0)
                return true;
    return false;
}

void names_renew(struct house *house)
{
    if (!names_are_used(house))
        return;
    if (house->resolver.pid > 0)
        names_connect(house);
    else
        house_start_child(&house->resolver);
}

void names_connect(struct house *house)
{
    const union socket_address *nameserver = &house->plan.conf->nameserver;
    char text[ADDRESS_TEXT_MOST] = "";
    scoped_fd to_server = -1;
    scoped_fd to_resolver = -1;

    int r = pass_pair(&to_server, &to_resolver);
    if (r < 0) {
        log_error(&house->journal.log, "names in ConnectTo keep their addresses: no channel: %s",
                  strerror(-r));
        return;
    }
    if (nameserver->any.sa_family != AF_UNSPEC)
        address_text_port(nameserver, text);
    const struct handover message = { .kind = HANDOVER_RESOLVER, .text = slice_cstr(text) };
    child_send(&house->resolver, &message, to_resolver);
    child_send(&house->server, &(struct handover){ .kind = HANDOVER_RESOLVER }, to_server);
}
