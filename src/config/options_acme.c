/* Options about certificates that an authority is asked for (ACME). */
#include "build.h"

static void automatic_set(struct build *build, void *record, const struct tree_node *node,
                          const struct option_row *row)
{
    struct tls_conf *tls = (struct tls_conf *)((char *)record + row->offset);

    tls->automatic_place = tree_place(node, node->value);
    yes_no_parse(build, &tls->automatic, node, row);
}

static void directory_set(struct build *build, void *record, const struct tree_node *node,
                          const struct option_row *row)
{
    struct acme_conf *conf = &((struct server_conf *)record)->acme;

    if (slice_starts(node->value, SLICE("https://")) && !slice_has(node->value, ' ')) {
        conf->directory = node->value;
        return;
    }
    diag_hint(build->diags,
              build_fault(build, DIAG_ERROR, node, node->value,
                          "'%s' must be a URL that begins with https://, not '%.*s'", row->name,
                          SLICE_ARGS(node->value)),
              "without it Let's Encrypt is asked");
}

static bool is_mail_address(struct slice text)
{
    struct slice who;
    struct slice where;

    return slice_cut(text, '@', &who, &where) && who.len > 0 && where.len > 0 &&
           !slice_has(where, '@') && !slice_has(text, ' ') && !slice_has(text, ',');
}

static void contact_set(struct build *build, void *record, const struct tree_node *node,
                        const struct option_row *row)
{
    struct acme_conf *conf = &((struct server_conf *)record)->acme;
    struct slice address = node->value;

    if (slice_starts_nocase(address, SLICE("mailto:")))
        address = slice_skip(address, 7);
    if (is_mail_address(address)) {
        conf->contact = arena_printf(build->arena, "mailto:%.*s", SLICE_ARGS(address));
        return;
    }
    diag_hint(build->diags,
              build_fault(build, DIAG_ERROR, node, node->value,
                          "'%s' must be a mail address, not '%.*s'", row->name,
                          SLICE_ARGS(node->value)),
              "for example: %s = webmaster@example.org", row->name);
}

static void ca_set(struct build *build, void *record, const struct tree_node *node,
                   const struct option_row *row)
{
    struct acme_conf *conf = &((struct server_conf *)record)->acme;

    (void)row;
    conf->ca = arena_new(build->arena, struct conf_file);
    *conf->ca = (struct conf_file){ .path = node->value, .place = tree_place(node, node->value) };
}

static void folder_set(struct build *build, void *record, const struct tree_node *node,
                       const struct option_row *row)
{
    struct acme_conf *conf = &((struct server_conf *)record)->acme;

    conf->folder_place = tree_place(node, node->value);
    (void)path_clean(build, node, row, node->value, &conf->folder);
}

static const struct option_row rows[] = {
    {
        .name = "AutoTLS",
        .type = OPT_OWN,
        .scopes = SCOPE_BINDING,
        AT(binding_conf, tls),
        .set = automatic_set,
        .grammar = "yes | no",
        .text = "Makes the binding speak TLS without a file: who asks for a name of a host with "
                "AutoTLS sees that host's certificate, everybody else that of the first of them.",
    },
    {
        .name = "AutoTLS",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, tls),
        .set = automatic_set,
        .grammar = "yes | no",
        .text = "Gets a certificate for all names of the host from an authority (ACME, RFC 8555), "
                "and the next one when a third of its life is left. Until the first one is there, "
                "a self-signed one is shown. The authority looks at the names through port 80, or "
                "through port 443 when no Binding without TLS has port 80.",
    },
    {
        .name = "ACMEagree",
        .type = OPT_YES_NO,
        .scopes = SCOPE_SERVER,
        AT(server_conf, acme.agrees),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "You agree to the terms of the authority that AutoTLS asks: without, it gives "
                "nothing. Let's Encrypt has them at `https://letsencrypt.org/repository/`.",
    },
    {
        .name = "ACMEca",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .set = ca_set,
        .grammar = "file; a relative one begins at the configuration folder",
        .text = "Who vouches for the server of ACMEdirectory (PEM), when it is a private one. "
                "Without it those that the system knows.",
    },
    {
        .name = "ACMEcontact",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .set = contact_set,
        .grammar = "mail address",
        .text = "Where the authority may write to.",
    },
    {
        .name = "ACMEdirectory",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .fallback = "https://acme-v02.api.letsencrypt.org/directory",
        .set = directory_set,
        .grammar = "URL",
        .text = "The authority that AutoTLS asks: the URL of its directory. To try things out "
                "without its limits: `https://acme-staging-v02.api.letsencrypt.org/directory`.",
    },
    {
        .name = "ACMEfolder",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .fallback = "/var/lib/longhouse-acme",
        .set = folder_set,
        .grammar = "absolute path",
        .text = "Where the certificates of AutoTLS with their keys and the key of the account are "
                "kept, and the answers of TLSstaple: a folder of who starts the house, for nobody "
                "else (0700). Made when it is "
                "missing. Not below WorkDirectory, which belongs to the user of the server.",
    },
};

const struct option_group acme_options = { rows, sizeof(rows) / sizeof(rows[0]) };
