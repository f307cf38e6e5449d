/* Options about TLS: certificates of bindings and hosts, versions, and what is sent by it only. */
#include "build.h"

#include <inttypes.h>

#define DAY_MS   (UINT64_C(24) * 3600 * 1000)
#define YEARS_MS (UINT64_C(3660) * DAY_MS)

/* Files of PEM texts, in the order given; their content is read by load_certificates(). */
static void files_set(struct build *build, void *record, const struct tree_node *node,
                      const struct option_row *row)
{
    struct conf_file **end = (struct conf_file **)((char *)record + row->offset);
    struct items items = items_of(build, node, row, node->value);
    struct slice item;

    while (*end)
        end = &(*end)->next;
    while (items_next(&items, &item)) {
        *end = arena_new(build->arena, struct conf_file);
        (*end)->path = item;
        (*end)->place = tree_place(node, item);
        end = &(*end)->next;
    }
}

static void asks_set(struct build *build, void *record, const struct tree_node *node,
                     const struct option_row *row)
{
    struct tls_conf *tls = (struct tls_conf *)((char *)record + row->offset);

    tls->asks_place = tree_place(node, node->value);
    yes_no_parse(build, &tls->asks, node, row);
}

static void authorities_set(struct build *build, void *record, const struct tree_node *node,
                            const struct option_row *row)
{
    struct conf_file **first = (struct conf_file **)((char *)record + row->offset);

    *first = NULL; /* the last one counts */
    files_set(build, record, node, row);
    if (*first && (*first)->next && (*first)->next->next)
        diag_hint(
            build->diags,
            build_fault(build, DIAG_ERROR, node, (*first)->next->next->path,
                        "'RequiredCA' has two files at most"),
            "put several certificates into the first file, several lists of revoked ones into "
            "the second");
}

/* 1.2, or as Hiawatha writes it: TLS1.2. */
static void version_set(struct build *build, void *record, const struct tree_node *node,
                        const struct option_row *row)
{
    struct server_conf *conf = record;
    struct slice version = node->value;

    if (slice_starts_nocase(version, SLICE("TLS")))
        version = slice_skip(version, 3);
    if (slice_starts_nocase(version, SLICE("v")))
        version = slice_skip(version, 1);
    if (slice_equal_cstr(version, "1.3")) {
        conf->least_tls = 13;
    } else if (slice_equal_cstr(version, "1.2")) {
        conf->least_tls = 12;
    } else if (slice_equal_cstr(version, "1.0") || slice_equal_cstr(version, "1.1")) {
        conf->least_tls = 12;
        diag_hint(build->diags,
                  build_fault(build, DIAG_WARNING, node, node->value,
                              "TLS 1.0 and 1.1 are broken (RFC 8996) and never spoken"),
                  "write 1.2, which is what happens");
    } else {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, node->value,
                              "'%s' must be 1.2 or 1.3, not '%.*s'", row->name,
                              SLICE_ARGS(node->value)),
                  "without it TLS 1.2 is the least");
    }
}

/* A word behind a ';' of RequireTLS. */
static void hsts_word(struct build *build, const struct tree_node *node, struct slice word,
                      struct require_tls_conf *require)
{
    if (slice_equal_nocase(word, SLICE("includeSubDomains")))
        require->subdomains = true;
    else if (slice_equal_nocase(word, SLICE("preload")))
        require->preload = true;
    else
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, word, "'RequireTLS' does not know '%.*s'",
                              SLICE_ARGS(word)),
                  "known behind a ';': includeSubDomains, preload");
}

static bool yes_or_no(struct build *build, const struct tree_node *node, struct slice word,
                      bool *ret)
{
    *ret = slice_equal_nocase(word, SLICE("yes")) || slice_equal_nocase(word, SLICE("true"));
    if (*ret || slice_equal_nocase(word, SLICE("no")) || slice_equal_nocase(word, SLICE("false")))
        return true;
    diag_hint(build->diags,
              build_fault(build, DIAG_ERROR, node, word,
                          "'RequireTLS' begins with yes or no, not with '%.*s'", SLICE_ARGS(word)),
              "for example: RequireTLS = yes, 31d; includeSubDomains");
    return false;
}

/* yes|no[, TIME][; includeSubDomains][; preload] */
static void require_tls_set(struct build *build, void *record, const struct tree_node *node,
                            const struct option_row *row)
{
    struct vhost_conf *host = record;
    struct require_tls_conf require = { .place = tree_place(node, node->value) };
    struct slice rest = node->value;
    struct slice first;
    struct slice word;
    struct slice time;

    slice_next(&rest, ';', &first);
    bool timed = slice_cut(first, ',', &word, &time);
    if (!yes_or_no(build, node, slice_trim(word), &require.is_on))
        return;
    if (timed && !duration_parse(build, node, row, slice_trim(time), &require.hsts_ms))
        return;
    while (slice_next(&rest, ';', &word))
        hsts_word(build, node, slice_trim(word), &require);
    if (require.hsts_ms == 0 && (require.subdomains || require.preload))
        diag_hint(build->diags,
                  build_fault(build, DIAG_WARNING, node, node->value,
                              "includeSubDomains and preload are of no effect without a time"),
                  "for example: RequireTLS = yes, 365d; includeSubDomains");
    host->require_tls = require;
}

static const struct option_row rows[] = {
    {
        .name = "TLScertFile",
        .type = OPT_OWN,
        .scopes = SCOPE_BINDING,
        .repeat = REPEAT_APPENDS,
        .former = "SSLcertFile",
        AT(binding_conf, tls.certificates),
        .set = files_set,
        .grammar = "FILE[, FILE ...]",
        .text = "Makes the binding speak TLS. A PEM file with the certificate, its chain and, when "
                "TLSkeyFile is not given, the key; relative to the configuration folder. Several "
                "files for keys of several kinds (RSA and ECDSA) side by side. Clients see it "
                "when the host they ask for has none of its own. Read once, before rights are "
                "given up: root may keep it for itself (chmod 600).",
    },
    {
        .name = "TLSkeyFile",
        .type = OPT_OWN,
        .scopes = SCOPE_BINDING,
        .repeat = REPEAT_APPENDS,
        AT(binding_conf, tls.keys),
        .set = files_set,
        .grammar = "FILE[, FILE ...]",
        .text = "The keys to the files of TLScertFile, in the same order, for those who keep them "
                "apart.",
    },
    {
        .name = "TLSstaple",
        .type = OPT_OWN,
        .scopes = SCOPE_BINDING,
        AT(binding_conf, tls),
        .set = asks_set,
        .grammar = "yes | no",
        .text = "Asks the authority that a certificate of the binding names (OCSP, by http) "
                "whether it still counts, keeps the answer in ACMEfolder, shows it in handshakes "
                "(stapled) until it runs out, and gets the next one at half of its life. The "
                "certificate of the issuer must lie behind that of the site.",
    },
    {
        .name = "TLSstapleFile",
        .type = OPT_OWN,
        .scopes = SCOPE_BINDING,
        .repeat = REPEAT_APPENDS,
        AT(binding_conf, tls.staples),
        .set = files_set,
        .grammar = "FILE[, FILE ...]",
        .text =
            "What the authorities of TLScertFile have said of the certificates (answers of OCSP, "
            "DER), in the same order. They are shown in handshakes (stapled) until they run "
            "out, and read anew when the files change. docs/tls.md says how to get them.",
    },
    {
        .name = "TLScertFile",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        .former = "SSLcertFile",
        AT(vhost_conf, tls.certificates),
        .set = files_set,
        .grammar = "FILE[, FILE ...]",
        .text = "Certificate, chain and key of this host, as in a Binding: what clients see that "
                "ask for one of its names (SNI) on a binding with TLS.",
    },
    {
        .name = "TLSkeyFile",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        AT(vhost_conf, tls.keys),
        .set = files_set,
        .grammar = "FILE[, FILE ...]",
        .text = "The keys to the files of TLScertFile, in the same order.",
    },
    {
        .name = "TLSstaple",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, tls),
        .set = asks_set,
        .grammar = "yes | no",
        .text = "Asks the authority about the certificates of this host, as in a Binding.",
    },
    {
        .name = "TLSstapleFile",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        AT(vhost_conf, tls.staples),
        .set = files_set,
        .grammar = "FILE[, FILE ...]",
        .text = "What authorities have said of the certificates of this host, as in a Binding.",
    },
    {
        .name = "RequiredCA",
        .type = OPT_OWN,
        .scopes = SCOPE_BINDING,
        AT(binding_conf, tls.authorities),
        .set = authorities_set,
        .grammar = "CAFILE[, CRLFILE]",
        .text =
            "Clients must show a certificate that one of those in CAFILE (PEM) vouches for, and "
            "that is not in the lists of CRLFILE (PEM); else the handshake fails. Holds for "
            "all hosts of the binding but those with a RequiredCA of their own. Programs see "
            "TLS_SUBJECT_DN, TLS_ISSUER_DN, TLS_CERT_SERIAL and TLS_CERT_FINGERPRINT. Both "
            "files are read anew when they change.",
    },
    {
        .name = "RequiredCA",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, tls.authorities),
        .set = authorities_set,
        .grammar = "CAFILE[, CRLFILE]",
        .text = "The same for this host, chosen by the name in the handshake (SNI). A request for "
                "it on a connection that was opened for another host gets 421, one without TLS "
                "403.",
    },
    {
        .name = "CAcertificates",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .repeat = REPEAT_APPENDS,
        AT(server_conf, ca_files),
        .set = files_set,
        .grammar = "FILE | FOLDER[, ...]",
        .text = "Whose certificates of backends are believed, where these are asked by https: "
                "files of PEM certificates, or folders of them. Without it those that this machine "
                "knows (/etc/ssl/certs/ca-certificates.crt or its like). They are read when the "
                "configuration is.",
    },
    {
        .name = "MinTLSversion",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .former = "MinSSLversion",
        .fallback = "1.2",
        .set = version_set,
        .grammar = "1.2 | 1.3",
        .text = "The least version of TLS that is spoken. Older ones are never spoken.",
    },
    {
        .name = "KernelTLS",
        .type = OPT_YES_NO,
        .scopes = SCOPE_SERVER,
        AT(server_conf, kernel_tls),
        .fallback = "yes",
        .grammar = "yes | no",
        .text = "The kernel enciphers what goes out by TLS, and sends files by itself, where it "
                "can (Linux with its module tls loaded: `modprobe tls`).",
    },
    {
        .name = "RequireTLS",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .former = "RequireSSL",
        .least = 0,
        .most = YEARS_MS,
        .unit = 1000,
        .set = require_tls_set,
        .grammar = "yes | no[, TIME][; includeSubDomains][; preload]",
        .text = "Requests that did not come by TLS are sent to the same place by https (301; 308 "
                "when they are no GET or HEAD). With a time, answers by TLS tell browsers to use "
                "nothing else for so long (Strict-Transport-Security). Behind a trusted proxy its "
                "word counts. `/.well-known/acme-challenge/` is served without TLS too.",
    },
    {
        .name = "RandomHeader",
        .type = OPT_COUNT,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, random_header),
        .least = 10,
        .most = 1000,
        .grammar = "number",
        .text = "Answers by TLS get a field X-Random of 1 to so many bytes, so that their length "
                "tells less about what is in them.",
    },
};

const struct option_group tls_options = { rows, sizeof(rows) / sizeof(rows[0]) };
