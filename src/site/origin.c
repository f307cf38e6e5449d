#include "site/origin.h"

#include "base/number.h"

#include <string.h>

/* ---- trust ---- */

bool origin_trusts(const struct server_conf *conf, const struct binding_conf *binding,
                   const union socket_address *address)
{
    return conf_nets_hold(conf->trusted_proxies, address) ||
           (binding && conf_nets_hold(binding->trusted_proxies, address));
}

/* ---- one address ---- */

/* RFC 7239 6.2: digits, or an obfuscated name that begins with '_'. */
static bool is_port(struct slice text)
{
    uint64_t port;

    if (number_parse(text, UINT16_MAX, &port))
        return true;
    return text.len > 1 && text.at[0] == '_' && field_is_token(text);
}

bool origin_parse_node(struct slice text, union socket_address *ret)
{
    union socket_address address;
    size_t end = slice_find(text, ']');
    size_t colon = slice_find(text, ':');

    if (text.len > 0 && text.at[0] == '[') {
        struct slice port = end == SLICE_NONE ? text : slice_skip(text, end + 1);

        if (end == SLICE_NONE ||
            (port.len > 0 && (port.at[0] != ':' || !is_port(slice_skip(port, 1)))))
            return false;
        text = slice_first(text, end + 1);
    } else if (colon != SLICE_NONE && slice_find_last(text, ':') == colon) {
        if (!is_port(slice_skip(text, colon + 1)))
            return false;
        text = slice_first(text, colon);
    }
    if (!address_parse_ip(text, 0, &address))
        return false;
    address_unmap(&address);
    *ret = address;
    return true;
}

/* ---- the walk ---- */

/*
 * From the right: on past trusted proxies, to the first address that is none. It is worked out from
 * the left, element by element, with the answer for the list so far: an address that is not trusted
 * hides all that stands left of it, a trusted one only matters when nothing left of it is believed,
 * and what is no address makes everything left of it worthless.
 */
struct walk {
    const struct server_conf *conf;
    const struct binding_conf *binding;
    struct origin origin;
};

static void walk_on(struct walk *walk, const struct origin *element)
{
    if (!element->found || !walk->origin.found ||
        !origin_trusts(walk->conf, walk->binding, &element->client))
        walk->origin = *element;
}

/* X-Forwarded-For, X-Real-IP: addresses between commas. */
static void walk_list(struct walk *walk, struct slice value)
{
    struct slice node;

    while (slice_next(&value, ',', &node)) {
        struct origin element = { 0 };

        if (node.len == 0)
            continue; /* RFC 9110 5.6.1: an empty element is none */
        element.found = origin_parse_node(node, &element.client);
        walk_on(walk, &element);
    }
}

/* ---- Forwarded (RFC 7239 4) ---- */

static bool is_token_char(char c)
{
    return field_is_token(slice_of(&c, 1));
}

static size_t token_len(struct slice text)
{
    size_t len = 0;

    while (len < text.len && is_token_char(text.at[len]))
        len++;
    return len;
}

/* Besides tokens, addresses with a port are written without quotes by many, against the letter. */
static bool is_bare_char(char c)
{
    return is_token_char(c) || c == ':' || c == '[' || c == ']';
}

/* Takes a value off the front. A quoted one is given as it stands between its quotes: an address
 * needs no backslash. False: it is none. */
static bool take_value(struct slice *rest, struct slice *ret)
{
    size_t len = 0;

    if (rest->len > 0 && rest->at[0] == '"') {
        for (len = 1; len < rest->len && rest->at[len] != '"'; len++)
            len += rest->at[len] == '\\';
        if (len >= rest->len)
            return false;
        *ret = slice_of(rest->at + 1, len - 1);
        *rest = slice_skip(*rest, len + 1);
        return true;
    }
    while (len < rest->len && is_bare_char(rest->at[len]))
        len++;
    *ret = slice_first(*rest, len);
    *rest = slice_skip(*rest, len);
    return len > 0;
}

static struct slice skip_blanks(struct slice text)
{
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t'))
        text = slice_skip(text, 1);
    return text;
}

struct element {
    struct slice node;
    struct slice scheme;
    bool has_node;
    bool has_scheme;
};

/* "for=..." and its siblings. One that is said twice is no element. */
static bool take_pair(struct slice *rest, struct element *element)
{
    struct slice name = slice_first(*rest, token_len(*rest));
    struct slice value;

    *rest = slice_skip(*rest, name.len);
    if (name.len == 0 || rest->len == 0 || rest->at[0] != '=')
        return false;
    *rest = slice_skip(*rest, 1);
    if (!take_value(rest, &value))
        return false;
    if (slice_equal_nocase(name, SLICE("for"))) {
        if (element->has_node)
            return false;
        element->has_node = true;
        element->node = value;
    } else if (slice_equal_nocase(name, SLICE("proto"))) {
        if (element->has_scheme)
            return false;
        element->has_scheme = true;
        element->scheme = value;
    }
    return true;
}

/* Takes an element and the comma behind it. False: the rest of the line is not to be understood. */
static bool take_element(struct slice *rest, struct element *ret)
{
    for (;;) {
        *rest = skip_blanks(*rest);
        if (rest->len > 0 && rest->at[0] != ';' && rest->at[0] != ',' && !take_pair(rest, ret))
            return false;
        *rest = skip_blanks(*rest);
        if (rest->len == 0)
            return true;

        char mark = rest->at[0];
        if (mark != ';' && mark != ',')
            return false;
        *rest = slice_skip(*rest, 1);
        if (mark == ',')
            return true;
    }
}

static void learn_scheme(struct origin *origin, struct slice scheme)
{
    bool secure = slice_equal_nocase(scheme, SLICE("https"));

    if (secure || slice_equal_nocase(scheme, SLICE("http"))) {
        origin->has_scheme = true;
        origin->secure = secure;
    }
}

/*
 * A client may have sent a quote that swallows what the proxy added. Then the line is broken, and
 * nothing of it is believed.
 */
static void walk_forwarded(struct walk *walk, struct slice value)
{
    while (value.len > 0) {
        struct element element = { 0 };
        struct origin origin = { 0 };

        if (!take_element(&value, &element)) {
            walk->origin = origin;
            return;
        }
        if (!element.has_node && !element.has_scheme)
            continue; /* empty, or nothing that is asked for here */
        origin.found = element.has_node && origin_parse_node(element.node, &origin.client);
        learn_scheme(&origin, element.scheme);
        walk_on(walk, &origin);
    }
}

/* ---- the fields ---- */

static void walk_fields(struct walk *walk, const struct fields *fields, enum field_id id)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->at[i];

        if (field->id == id && id == FIELD_FORWARDED)
            walk_forwarded(walk, field->value);
        else if (field->id == id)
            walk_list(walk, field->value);
    }
}

/* The field that counts. */
static enum field_id choose(const struct server_conf *conf, const struct fields *fields)
{
    switch (conf->proxy_field) {
    case PROXY_FIELD_X_FORWARDED_FOR:
        return FIELD_X_FORWARDED_FOR;
    case PROXY_FIELD_FORWARDED:
        return FIELD_FORWARDED;
    case PROXY_FIELD_X_REAL_IP:
        return FIELD_X_REAL_IP;
    case PROXY_FIELD_ANY:
        break;
    }
    if (fields_find(fields, FIELD_X_FORWARDED_FOR))
        return FIELD_X_FORWARDED_FOR;
    return fields_find(fields, FIELD_FORWARDED) ? FIELD_FORWARDED : FIELD_X_REAL_IP;
}

static void learn_proto(struct origin *origin, const struct fields *fields)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        struct slice value = fields->at[i].value;
        struct slice scheme;

        if (!slice_equal_nocase(fields->at[i].name, SLICE("X-Forwarded-Proto")))
            continue;
        origin->has_scheme = false;
        while (slice_next(&value, ',', &scheme)) {
            if (scheme.len > 0)
                learn_scheme(origin, scheme);
        }
    }
}

struct origin origin_find(const struct server_conf *conf, const struct binding_conf *binding,
                          const struct fields *fields)
{
    struct walk walk = { .conf = conf, .binding = binding };
    enum field_id id = choose(conf, fields);

    walk_fields(&walk, fields, id);
    if (id != FIELD_FORWARDED)
        learn_proto(&walk.origin, fields);
    return walk.origin;
}

void origin_take(const struct origin *origin, struct visit *visit)
{
    char text[ADDRESS_TEXT_MOST];

    if (origin->found) {
        visit->client = origin->client;
        visit->client_port = 0; /* its port is not told, and the proxy's is not its */
        address_text(&origin->client, text);
        memccpy(visit->client_text, text, 0, sizeof(visit->client_text) - 1);
    }
    if (origin->has_scheme)
        visit->secure = origin->secure;
}
