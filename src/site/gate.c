#include "gate.h"

static bool is_wildcard(struct slice name)
{
    return slice_starts(name, SLICE("*."));
}

struct slice gate_same_place(struct exchange *x, bool secure, struct slice name, unsigned port)
{
    const struct target *target = &x->request.target;
    const struct slice parts[] = {
        secure ? SLICE("https://") : SLICE("http://"),
        name,
        port > 0 ? arena_printf(&x->arena, ":%u", port) : SLICE(""),
        target->raw_path,
        target->has_query ? SLICE("?") : SLICE(""),
        target->query,
    };

    return arena_join(&x->arena, parts, sizeof(parts) / sizeof(parts[0]));
}

struct slice gate_other_name(const struct host *host, struct exchange *x)
{
    const struct request *request = &x->request;
    struct slice first = host->conf->hostnames ? host->conf->hostnames->text : SLICE("");

    if (!host->conf->enforce_first_hostname || first.len == 0 || is_wildcard(first) ||
        request->host.len == 0 || slice_equal(request->host, first))
        return (struct slice){ 0 };

    return gate_same_place(x, x->visit->secure, first, request->host_port);
}

static bool is_hex_digit(char c)
{
    return ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
}

bool gate_query_is_foul(struct slice query)
{
    for (size_t i = 0; i + 2 < query.len; i++) {
        if (query.at[i] == '%' && (query.at[i + 1] == '0' || query.at[i + 1] == '1') &&
            is_hex_digit(query.at[i + 2]))
            return true;
    }
    return false;
}

static bool has(const struct conf_word *extensions, struct slice extension)
{
    for (; extensions; extensions = extensions->next)
        if (slice_equal_nocase(extensions->text, extension))
            return true;
    return false;
}

bool gate_blocks(const struct conf_word *extensions, const struct resource *resource)
{
    return extensions && (has(extensions, resource->extension) ||
                          has(extensions, path_extension(resource->found->link_name)));
}
