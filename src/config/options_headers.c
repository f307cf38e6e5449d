/* Options about header fields that the administrator adds, for clients and for backends. */
#include "build.h"

/* RFC 9110 5.6.2: tchar */
static bool is_token(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (!ascii_is_alpha(c) && !ascii_is_digit(c) &&
            (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return text.len > 0;
}

static bool is_one_of(struct slice name, const char *const *names)
{
    for (; *names; names++) {
        if (slice_equal_nocase(name, slice_cstr(*names)))
            return true;
    }
    return false;
}

/* Fields that frame the message: a wrong one breaks the connection. */
static const char *const framing[] = {
    "Connection", "Content-Length",    "Content-Range", "Date", "Keep-Alive",
    "Trailer",    "Transfer-Encoding", "Upgrade",       NULL
};

/* Of a request, beside these. */
static const char *const of_requests[] = {
    "Expect",           "Forwarded",         "Host", "TE", "Via", "X-Forwarded-For",
    "X-Forwarded-Host", "X-Forwarded-Proto", NULL
};

/* `ours`: names that are written here; NULL: no more than those that frame. */
static void add_header(struct build *build, const struct tree_node *node,
                       const struct option_row *row, const char *const *ours,
                       struct conf_pair **list)
{
    struct slice name;
    struct slice value;

    bool complete = slice_cut(node->value, ':', &name, &value);
    value = slice_trim(value);
    name = slice_trim(name);
    if (!complete || name.len == 0 || value.len == 0) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, node->value,
                              "'%s' wants a name, ':' and a value", row->name),
                  "for example: %s = X-Frame-Options: sameorigin", row->name);
    } else if (!is_token(name)) {
        build_fault(build, DIAG_ERROR, node, name, "'%.*s' is no name of a header field",
                    SLICE_ARGS(name));
    } else if (is_one_of(name, framing) || (ours && is_one_of(name, ours))) {
        build_fault(build, DIAG_ERROR, node, name, "the server itself writes '%.*s'",
                    SLICE_ARGS(name));
    } else {
        pairs_add(build->arena, list, name, value);
    }
}

static void client_header_set(struct build *build, void *record, const struct tree_node *node,
                              const struct option_row *row)
{
    struct vhost_conf *host = record;

    add_header(build, node, row, NULL, &host->custom_headers);
}

static void backend_header_set(struct build *build, void *record, const struct tree_node *node,
                               const struct option_row *row)
{
    struct vhost_conf *host = record;

    add_header(build, node, row, of_requests, &host->backend_headers);
}

static const struct option_row rows[] = {
    {
        .name = "CustomHeaderClient",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        .former = "CustomHeader",
        .set = client_header_set,
        .grammar = "NAME: VALUE",
        .text = "One more header field in each answer of the host, errors and programs included. "
                "May be repeated; "
                "sent in the order of the text.",
    },
    {
        .name = "CustomHeaderBackend",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        .set = backend_header_set,
        .grammar = "NAME: VALUE",
        .text = "One more header field in each request to an HTTP backend (ReverseProxy, "
                "WebSocket, `Protocol = http`). What the client sends by that name is dropped, so "
                "the backend may believe it. May be repeated; sent in the order of the text.",
    },
};

const struct option_group header_options = { rows, sizeof(rows) / sizeof(rows[0]) };
