/* Options about HTTP/2. */
#include "build.h"

/* by enum conf_http2 */
static const char *const places[] = { "no", "yes", "prior-knowledge", NULL };

static const struct option_row rows[] = {
    {
        .name = "AcceptHTTP2",
        .type = OPT_CHOICE,
        .scopes = SCOPE_BINDING,
        AT(binding_conf, http2),
        .fallback = "yes",
        .choices = places,
        .grammar = "yes | no | prior-knowledge",
        .text = "Whether HTTP/2 is spoken besides HTTP/1.1: with `yes` over TLS, to clients that "
                "ask for it in the handshake (ALPN), which all browsers do. `prior-knowledge` "
                "is for bindings without TLS, behind a proxy of one's own: a client that begins "
                "with HTTP/2, and only such a one, is answered in it.",
    },
};

const struct option_group http2_options = { rows, sizeof(rows) / sizeof(rows[0]) };
