/* Options of Binding sections: where the house listens. */
#include "build.h"

#include <stdint.h>

#define KIB UINT64_C(1024)

static void id_set(struct build *build, void *record, const struct tree_node *node,
                   const struct option_row *row)
{
    struct binding_conf *binding = record;

    (void)row;
    if (slice_has(node->value, ',')) {
        build_fault(build, DIAG_ERROR, node, node->value,
                    "'BindingId' must be one name without commas");
        return;
    }
    binding->id = node->value;
}

static void interface_set(struct build *build, void *record, const struct tree_node *node,
                          const struct option_row *row)
{
    struct binding_conf *binding = record;
    union socket_address address;

    (void)row;
    if (!address_parse_ip(node->value, binding->port, &address)) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, node->value,
                              "'Interface' must be an IPv4 or IPv6 address, not '%.*s'",
                              SLICE_ARGS(node->value)),
                  "for example 127.0.0.1, 0.0.0.0 (all of IPv4) or :: (all of IPv6)");
        return;
    }
    binding->address = address;
    binding->interface = node->value;
}

static void port_set(struct build *build, void *record, const struct tree_node *node,
                     const struct option_row *row)
{
    struct binding_conf *binding = record;
    uint64_t port;

    if (count_parse(build, node, row, node->value, &port))
        binding->port = (uint16_t)port;
}

/* FIRST, NEXT or one value for both. */
static void time_for_request_set(struct build *build, void *record, const struct tree_node *node,
                                 const struct option_row *row)
{
    struct binding_conf *binding = record;
    struct slice first;
    struct slice next;
    uint64_t first_ms;
    uint64_t next_ms;

    if (!slice_cut(node->value, ',', &first, &next))
        next = first;
    first = slice_trim(first);
    next = slice_trim(next);
    if (!duration_parse(build, node, row, first, &first_ms))
        return;
    next_ms = first_ms;
    if (next.at != first.at && !duration_parse(build, node, row, next, &next_ms))
        return;
    binding->first_request_ms = first_ms;
    binding->next_request_ms = next_ms;
}

/* by enum conf_proxy_protocol */
static const char *const proxy_protocols[] = { "no", "yes", "required", NULL };

static const struct option_row rows[] = {
    {
        .name = "Port",
        .type = OPT_OWN,
        .scopes = SCOPE_BINDING,
        .least = 1,
        .most = 65535,
        .required = true,
        .set = port_set,
        .grammar = "number",
        .text = "TCP port to listen on.",
    },
    {
        .name = "Interface",
        .type = OPT_OWN,
        .scopes = SCOPE_BINDING,
        .fallback = "0.0.0.0",
        .set = interface_set,
        .grammar = "IPv4 or IPv6 address",
        .text = "Address to listen on. `0.0.0.0` is every IPv4 address of the machine, `::` every "
                "IPv6 address.",
    },
    {
        .name = "BindingId",
        .type = OPT_OWN,
        .scopes = SCOPE_BINDING,
        .repeat = REPEAT_REFUSED,
        .set = id_set,
        .grammar = "name",
        .text =
            "Name of the binding for RequiredBinding; programs see it as SERVER_BINDING. Several "
            "bindings may share one name.",
    },
    {
        .name = "TimeForRequest",
        .type = OPT_OWN,
        .scopes = SCOPE_BINDING,
        .fallback = "10, 30",
        .least = 1000,
        .most = UINT64_C(24) * 3600 * 1000,
        .unit = 1000,
        .set = time_for_request_set,
        .grammar = "FIRST[, NEXT] in seconds, or with units",
        .text = "Time for the head of the first request on a connection, and for that of each "
                "following one, idle time "
                "included. A late first request is answered 408; later ones end in silence.",
    },
    {
        .name = "MaxKeepAlive",
        .type = OPT_COUNT,
        .scopes = SCOPE_BINDING,
        AT(binding_conf, max_keep_alive),
        .fallback = "1000",
        .least = 0,
        .most = 1000000000,
        .grammar = "number",
        .text = "How often a connection is kept open for one more request; 0 closes it after the "
                "first.",
    },
    {
        .name = "MaxRequestSize",
        .type = OPT_SIZE,
        .scopes = SCOPE_BINDING,
        AT(binding_conf, max_request_bytes),
        .fallback = "10M",
        .least = 1,
        .most = KIB * KIB * KIB * KIB,
        .unit = 1024,
        .grammar = "kilobytes, or with a unit",
        .text = "Largest body of a request; more is answered 413. Bodies stream through to the "
                "programs in small pieces "
                "instead of lying in memory, so the default is 10 MiB, enough for a form with a "
                "few pictures, where "
                "Hiawatha allows 64 kB.",
    },
    {
        .name = "TrustedProxy",
        .type = OPT_OWN,
        .scopes = SCOPE_BINDING,
        .repeat = REPEAT_APPENDS,
        AT(binding_conf, trusted_proxies),
        .set = proxies_set,
        .grammar = "ADDRESS[/BITS][, ...]",
        .text = "Trusted proxies of this binding, besides those of the server.",
    },
    {
        .name = "ProxyProtocol",
        .type = OPT_CHOICE,
        .scopes = SCOPE_BINDING,
        AT(binding_conf, proxy_protocol),
        .fallback = "no",
        .choices = proxy_protocols,
        .grammar = "no | yes | required",
        .text = "Whether a trusted proxy may, or must, tell its client by the PROXY protocol, "
                "version 1 or 2, before the first request: for proxies that carry TCP and do not "
                "read HTTP. With `required` everybody else is turned away.",
    },
    {
        .name = "EnableTRACE",
        .type = OPT_YES_NO,
        .scopes = SCOPE_BINDING,
        AT(binding_conf, enable_trace),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "Whether TRACE requests are answered with themselves.",
    },
};

const struct option_group binding_options = { rows, sizeof(rows) / sizeof(rows[0]) };
