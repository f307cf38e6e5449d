/* Options about requests that are turned away, or sent to another name, whatever lies there. */
#include "build.h"

static const struct option_row rows[] = {
    {
        .name = "BlockExtensions",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .repeat = REPEAT_APPENDS,
        AT(server_conf, block_extensions),
        .set = extensions_set,
        .grammar = "EXT[, EXT ...]",
        .text = "Files with one of these extensions, in any case, are never sent (403): `sql, bak, "
                "inc`. Programs are not meant. May be repeated.",
    },
    {
        .name = "EnforceFirstHostname",
        .type = OPT_YES_NO,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, enforce_first_hostname),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "Whether visitors who came by another name of the host are sent to its first "
                "Hostname (301; 308 for requests that are no GET or HEAD), with port, path and "
                "query as they were. That name must be no wildcard.",
    },
    {
        .name = "SecureURL",
        .type = OPT_YES_NO,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, secure_url),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "Whether a query with an encoded control byte (`%00` to `%1f`) is refused (403). "
                "Line breaks in a text field of a form that is sent by GET are such bytes. In the "
                "path, and without encoding, they are always refused.",
    },
};

const struct option_group gate_options = { rows, sizeof(rows) / sizeof(rows[0]) };
