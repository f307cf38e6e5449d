#include "gate.h"

static bool is_wildcard(struct slice name)
{
    return slice_starts(name, SLICE("*."));
}

struct slice gate_other_name(const struct host *host, struct exchange *x)
{
    const struct request *request = &x->request;
    struct slice first = host->conf->hostnames ? host->conf->hostnames->text : SLICE("");

    if (!host->conf->enforce_first_hostname || first.len == 0 || is_wildcard(first) ||
        request->host.len == 0 || slice_equal(request->host, first))
        return (struct slice){ 0 };

    struct slice port =
        request->host_port > 0 ? arena_printf(&x->arena, ":%u", request->host_port) : SLICE("");
    const struct slice parts[] = {
        x->visit->secure ? SLICE("https://") : SLICE("http://"),
        first,
        port,
        request->target.raw_path,
        request->target.has_query ? SLICE("?") : SLICE(""),
        request->target.query,
    };
    return arena_join(&x->arena, parts, sizeof(parts) / sizeof(parts[0]));
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
