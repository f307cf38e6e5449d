#include "binding.h"

static bool speaks_tls(const struct binding_conf *binding)
{
    return binding->tls.certificates != NULL;
}

static unsigned port_of(const struct url *url)
{
    return url->port > 0 ? url->port : url->secure ? 443 : 80;
}

static bool has_address(const struct binding_conf *binding, struct slice host)
{
    union socket_address address;

    return address_parse_ip(host, 0, &address) && address_equal_ip(&binding->address, &address);
}

static const struct binding_conf *find(const struct server_conf *conf, const struct url *url,
                                       unsigned port)
{
    const struct binding_conf *found = NULL;

    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next) {
        if (speaks_tls(binding) != url->secure || (port > 0 && binding->port != port))
            continue;
        if (has_address(binding, url->host))
            return binding;
        found = found ? found : binding;
    }
    return found;
}

const struct binding_conf *binding_for(const struct server_conf *conf, const struct url *url)
{
    const struct binding_conf *found = find(conf, url, port_of(url));

    return found || url->port > 0 ? found : find(conf, url, 0);
}

void binding_tell(const struct binding_conf *binding, const struct url *url, struct trace *trace)
{
    char text[ADDRESS_TEXT_MOST];
    union socket_address address = binding->address;

    address_set_port(&address, binding->port);
    address_text_port(&address, text);
    if (binding->port == port_of(url))
        trace_note_at(trace, TRACE_BINDING, TRACE_YES, &binding->place, "%s%s", text,
                      speaks_tls(binding) ? ", TLS" : "");
    else
        trace_note_at(trace, TRACE_BINDING, TRACE_FACT, &binding->place,
                      "%s%s, as no such binding has port %u", text,
                      speaks_tls(binding) ? ", TLS" : "", port_of(url));
}
