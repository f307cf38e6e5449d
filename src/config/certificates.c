/*
 * The PEM files of TLScertFile and TLSkeyFile: read while the configuration is loaded, by who may
 * read them, so that the server need not. What is in them is looked at here as text only.
 */
#include "base/sha256.h"
#include "build.h"
#include "config/load.h"

#include <inttypes.h>

#define DAYS_TO_RENEW 14

static bool has_text(struct slice whole, struct slice part)
{
    for (; whole.len >= part.len; whole = slice_skip(whole, 1))
        if (slice_starts(whole, part))
            return true;
    return false;
}

static bool has_key(struct slice text)
{
    return has_text(text, SLICE("PRIVATE KEY-----"));
}

static bool has_certificate(struct slice text)
{
    return has_text(text, SLICE("-----BEGIN CERTIFICATE-----")) ||
           has_text(text, SLICE("-----BEGIN TRUSTED CERTIFICATE-----"));
}

static bool read_file(const struct load *load, struct conf_file *file)
{
    const char *why = "not found";
    struct source_text *text = load->source->find(load->source, load->arena, file->path, &why);

    if (text && !text->next) {
        file->text = text->text;
        return true;
    }
    diag_hint(load->diags,
              diag_add(load->diags, DIAG_ERROR, &file->place, "cannot read '%.*s': %s",
                       SLICE_ARGS(file->path), text ? "it is a folder" : why),
              "the path is relative to the configuration folder, or begins with '/'");
    return false;
}

static unsigned count_of(const struct conf_file *file)
{
    unsigned count = 0;

    for (; file; file = file->next)
        count++;
    return count;
}

/* A key for each certificate: in its own file, or in the one at the same place of TLSkeyFile. */
static bool check_pair(const struct load *load, const struct conf_file *certificate,
                       const struct conf_file *key)
{
    if (!has_certificate(certificate->text))
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &certificate->place,
                           "there is no certificate in '%.*s'", SLICE_ARGS(certificate->path)),
                  "a PEM file has a line -----BEGIN CERTIFICATE-----");
    if (!key && !has_key(certificate->text))
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &certificate->place,
                           "there is no private key in '%.*s'", SLICE_ARGS(certificate->path)),
                  "put key, certificate and chain into one file, or name the file of the key by "
                  "TLSkeyFile");
    if (key && !has_key(key->text))
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &key->place,
                           "there is no private key in '%.*s'", SLICE_ARGS(key->path)),
                  "a PEM file of one has a line -----BEGIN PRIVATE KEY-----");
    return has_certificate(certificate->text) && has_key(key ? key->text : certificate->text);
}

/* ---- what whoever knows certificates says ---- */

static void check_use(const struct load *load, const struct conf_file *file,
                      const struct conf_file *key)
{
    struct load_certificate found;

    if (!load->ask || !load->ask->certificate)
        return;
    load->ask->certificate(load->ask, file->text, key ? key->text : file->text, &found);
    if (found.fault)
        diag_add(load->diags, DIAG_ERROR, &file->place, "'%.*s' cannot be used: %s",
                 SLICE_ARGS(file->path), found.fault);
    else if (found.days_left < 0)
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_WARNING, &file->place,
                           "the certificate in '%.*s' has expired", SLICE_ARGS(file->path)),
                  "browsers refuse it: renew it");
    else if (found.days_left < DAYS_TO_RENEW)
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_WARNING, &file->place,
                           "the certificate in '%.*s' expires in %" PRId64 " days",
                           SLICE_ARGS(file->path), found.days_left),
                  "renew it in time");
}

/* A name with a wildcard is covered by the same one. */
static void check_names(const struct load *load, const struct vhost_conf *host)
{
    const struct conf_file *file = host->tls.certificates;

    if (!file || file->text.len == 0 || !load->ask || !load->ask->certificate_covers)
        return;
    for (const struct conf_word *word = host->hostnames; word; word = word->next) {
        struct slice name = word->text;

        if (slice_starts(name, SLICE("*.")))
            name = arena_printf(load->arena, "any%.*s", SLICE_ARGS(slice_skip(name, 1)));
        if (!load->ask->certificate_covers(load->ask, file->text, name))
            diag_hint(load->diags,
                      diag_add(load->diags, DIAG_WARNING, &file->place,
                               "the certificate in '%.*s' is not for '%.*s'",
                               SLICE_ARGS(file->path), SLICE_ARGS(word->text)),
                      "browsers warn their users; get one for all names of Hostname");
    }
}

/* ---- who vouches for clients ---- */

static bool has_revoked(struct slice text)
{
    return has_text(text, SLICE("-----BEGIN X509 CRL-----"));
}

static void check_authority(const struct load *load, const struct conf_file *file,
                            const struct conf_file *revoked)
{
    const char *fault;

    if (!has_certificate(file->text))
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &file->place,
                           "there is no certificate in '%.*s'", SLICE_ARGS(file->path)),
                  "RequiredCA names those that sign the certificates of clients");
    else if (revoked && !has_revoked(revoked->text))
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &revoked->place,
                           "there is no list of revoked certificates in '%.*s'",
                           SLICE_ARGS(revoked->path)),
                  "a PEM file of one has a line -----BEGIN X509 CRL-----");
    else if (load->ask && load->ask->authority &&
             (fault = load->ask->authority(load->ask, file->text,
                                           revoked ? revoked->text : SLICE(""))) != NULL)
        diag_add(load->diags, DIAG_ERROR, &file->place, "'%.*s' cannot be used: %s",
                 SLICE_ARGS(file->path), fault);
}

static void read_authority(const struct load *load, struct tls_conf *tls)
{
    struct conf_file *file = tls->authorities;
    struct conf_file *revoked = file ? file->next : NULL;
    struct sha256 sha;

    if (!file || !read_file(load, file) || (revoked && !read_file(load, revoked)))
        return;
    check_authority(load, file, revoked);
    sha256_init(&sha);
    sha256_add(&sha, file->text);
    if (revoked)
        sha256_add(&sha, revoked->text);
    sha256_end(&sha, tls->authority_id);
}

/* ---- all of it ---- */

static void read_all(const struct load *load, const struct tls_conf *tls)
{
    bool good = true;

    for (struct conf_file *file = tls->certificates; file; file = file->next)
        good &= read_file(load, file);
    for (struct conf_file *file = tls->keys; file; file = file->next)
        good &= read_file(load, file);
    if (tls->keys && count_of(tls->keys) != count_of(tls->certificates)) {
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &tls->keys->place,
                           "TLSkeyFile names %u files, and TLScertFile %u", count_of(tls->keys),
                           count_of(tls->certificates)),
                  "each certificate has one key, in the same order");
        return;
    }
    const struct conf_file *key = tls->keys;
    for (const struct conf_file *file = tls->certificates; good && file; file = file->next) {
        if (check_pair(load, file, key))
            check_use(load, file, key);
        key = key ? key->next : NULL;
    }
}

static bool any_binding_is_secure(const struct server_conf *conf)
{
    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next)
        if (binding->tls.certificates)
            return true;
    return false;
}

static bool has_trusted_proxies(const struct server_conf *conf)
{
    if (conf->trusted_proxies)
        return true;
    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next)
        if (binding->trusted_proxies)
            return true;
    return false;
}

static void check_host(const struct load *load, const struct vhost_conf *host, bool secure,
                       bool proxied)
{
    if (host->tls.certificates && !secure)
        diag_hint(
            load->diags,
            diag_add(load->diags, DIAG_ERROR, &host->tls.certificates->place,
                     "this certificate is never shown: no Binding speaks TLS"),
            "add: Binding {, Port = 443, TLScertFile = FILE and }, each on a line of its own");
    if (host->tls.authorities && !secure)
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &host->tls.authorities->place,
                           "the host wants certificates of its clients, and no Binding speaks TLS: "
                           "it would never answer"),
                  "add a Binding with TLScertFile");
    if (host->require_tls.is_on && !secure && !proxied)
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &host->require_tls.place,
                           "the host wants TLS, and no Binding speaks it: it would never answer"),
                  "add a Binding with TLScertFile, or TrustedProxy for the one that speaks it");
}

static void check_binding(const struct load *load, const struct binding_conf *binding)
{
    if (binding->tls.authorities && !binding->tls.certificates)
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &binding->tls.authorities->place,
                           "a Binding that does not speak TLS sees no certificate of a client"),
                  "add TLScertFile to it");
    if (binding->tls.certificates && binding->proxy_protocol != PROXY_PROTOCOL_NO)
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &binding->place,
                           "a Binding cannot have both TLScertFile and ProxyProtocol yet"),
                  "let the proxy speak TLS, or give it a Binding of its own");
}

void load_certificates(const struct load *load, const struct server_conf *conf)
{
    const bool secure = any_binding_is_secure(conf);
    const bool proxied = has_trusted_proxies(conf);

    for (struct binding_conf *binding = conf->bindings; binding; binding = binding->next) {
        read_all(load, &binding->tls);
        read_authority(load, &binding->tls);
        check_binding(load, binding);
    }
    for (struct vhost_conf *host = conf->hosts; host; host = host->next) {
        read_all(load, &host->tls);
        read_authority(load, &host->tls);
        check_names(load, host);
        check_host(load, host, secure, proxied);
    }
}
