/* ConnectTo: where the program of a FastCGIserver section listens. */
#include "base/host_name.h"
#include "base/number.h"
#include "build.h"

static void hint_target(struct build *build, struct diag *diag, struct slice target)
{
    if (slice_starts_nocase(target, SLICE("https://")))
        diag_hint(build->diags, diag,
                  "write https://NAME or https://NAME:PORT, with the name that is in its "
                  "certificate and nothing behind it");
    else if (slice_starts(target, SLICE("unix:/")))
        diag_hint(build->diags, diag, "write the path alone: %.*s",
                  SLICE_ARGS(slice_skip(target, 5)));
    else if (slice_has(target, '/'))
        diag_hint(build->diags, diag,
                  "the path of a unix socket begins with '/' and has at most 107 bytes");
    else if (host_name_is_good(target))
        diag_hint(build->diags, diag, "a port is missing: %.*s:9000", SLICE_ARGS(target));
    else
        diag_hint(build->diags, diag,
                  "write 127.0.0.1:9000, [::1]:9000, app.example.org:9000, "
                  "srv:_fcgi._tcp.example.org or /run/php/php-fpm.sock; names have letters, "
                  "digits, '-' and '_', and their last part has a letter");
}

/* "srv:NAME" or "NAME:PORT". */
static bool target_is_named(struct slice text, struct connect_conf *ret)
{
    const size_t colon = slice_find_last(text, ':');
    uint64_t port;

    if (slice_starts_nocase(text, SLICE("srv:"))) {
        ret->host = slice_skip(text, 4);
        ret->is_srv = true;
        return host_name_is_good(ret->host);
    }
    if (colon == SLICE_NONE || !number_parse(slice_skip(text, colon + 1), UINT16_MAX, &port) ||
        port == 0)
        return false;
    ret->host = slice_first(text, colon);
    ret->port = (uint16_t)port;
    return host_name_is_good(ret->host);
}

/* probe=ADDRESS or probe=PORT: only a target of one address has another one. */
static void probe_word(struct build *build, const struct tree_node *node, struct slice value,
                       struct connect_conf *target)
{
    const bool is_unix = target->address.any.sa_family == AF_UNIX;
    uint64_t port;

    if (!is_unix && number_parse(value, UINT16_MAX, &port) && port > 0)
        target->probe_port = (uint16_t)port;
    else if (target->host.len > 0 || !address_parse_target(value, &target->probe_address))
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, value, "'%.*s' is nowhere to probe",
                              SLICE_ARGS(value)),
                  target->host.len > 0
                      ? "write the port, which is asked on each address: probe=9001"
                  : is_unix ? "write an address: probe=/run/php/status.sock"
                            : "write a port or an address: probe=9001, probe=/run/php/status.sock");
}

/* One word behind the address of a target: weight=3, max=8, probe=9001, backup. */
static void target_word(struct build *build, const struct tree_node *node, struct slice word,
                        struct connect_conf *target)
{
    static const struct option_row weight = { .name = "weight", .least = 1, .most = 100 };
    static const struct option_row most = { .name = "max", .least = 1, .most = 100000 };
    struct slice name;
    struct slice value;
    const bool has_value = slice_cut(word, '=', &name, &value);

    if (has_value && slice_equal_nocase(name, SLICE("weight")))
        count_parse(build, node, &weight, value, &target->weight);
    else if (has_value && slice_equal_nocase(name, SLICE("max")))
        count_parse(build, node, &most, value, &target->max_connections);
    else if (has_value && slice_equal_nocase(name, SLICE("probe")))
        probe_word(build, node, value, target);
    else if (!has_value && slice_equal_nocase(word, SLICE("backup")))
        target->backup = true;
    else if (!has_value && slice_equal_nocase(word, SLICE("unverified")) && target->tls)
        target->tls = CONNECT_TLS_UNVERIFIED;
    else
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, word, "unknown word '%.*s' behind a target",
                              SLICE_ARGS(word)),
                  "known are weight=NUMBER, max=NUMBER, probe=ADDRESS, backup and, behind "
                  "https://, unverified");
}

bool target_parse_place(struct arena *arena, struct slice place, unsigned usual_port,
                        struct connect_conf *ret)
{
    const bool has_port =
        slice_find_last(place, ':') != SLICE_NONE && !slice_ends(place, SLICE("]"));

    const struct slice text =
        has_port ? place : arena_printf(arena, "%.*s:%u", SLICE_ARGS(place), usual_port);

    if (slice_has(place, '/') || !target_parse_text(text, ret) || ret->is_srv)
        return false;
    ret->text = text;
    return true;
}

bool target_parse_secure(struct arena *arena, struct slice place, struct connect_conf *ret)
{
    ret->tls = CONNECT_TLS;
    if (!target_parse_place(arena, place, 443, ret))
        return false;
    ret->text = arena_printf(arena, "https://%.*s", SLICE_ARGS(ret->text));
    return true;
}

static bool parse_target(struct build *build, struct connect_conf *ret)
{
    const struct slice https = SLICE("https://");

    if (slice_starts_nocase(ret->text, https))
        return target_parse_secure(build->arena, slice_skip(ret->text, https.len), ret);
    return target_parse_text(ret->text, ret);
}

bool target_parse_text(struct slice text, struct connect_conf *ret)
{
    return address_parse_target(text, &ret->address) || target_is_named(text, ret);
}

void connect_to_set(struct build *build, void *record, const struct tree_node *node,
                    const struct option_row *row)
{
    struct fastcgi_conf *fastcgi = record;
    struct items items = items_of(build, node, row, node->value);
    struct connect_conf **end = &fastcgi->targets;
    struct slice item;

    while (*end)
        end = &(*end)->next;
    while (items_next(&items, &item)) {
        struct connect_conf parsed = { .weight = 1 };
        struct slice word;

        word_next(&item, &parsed.text);
        parsed.place = tree_place(node, parsed.text);
        if (!parse_target(build, &parsed)) {
            hint_target(build,
                        build_fault(build, DIAG_ERROR, node, parsed.text,
                                    "'ConnectTo' must be an address or a host with a port, or a "
                                    "unix socket, not '%.*s'",
                                    SLICE_ARGS(parsed.text)),
                        parsed.text);
            continue;
        }
        struct connect_conf *target = arena_new(build->arena, struct connect_conf);
        *target = parsed;
        while (word_next(&item, &word))
            target_word(build, node, word, target);
        *end = target;
        end = &target->next;
        fastcgi->target_count++;
    }
}
