/*
 * The PEM files of TLScertFile and TLSkeyFile: read while the configuration is loaded, by who may
 * read them, so that the server need not. What is in them is looked at here as text only.
 */
#include "base/sum.h"
#include "build.h"
#include "config/load.h"

#include <inttypes.h>
#include <sys/stat.h>

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

/* How bad it is when it cannot be read, `level` says. */
static bool read_file(const struct load *load, struct conf_file *file, enum diag_level level)
{
    const char *why;
    const struct source_text *text = source_find_file(load->source, load->arena, file->path, &why);

    if (text) {
        file->text = text->text;
        return true;
    }
    diag_hint(load->diags,
              diag_add(load->diags, level, &file->place, "cannot read '%.*s': %s",
                       SLICE_ARGS(file->path), why),
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

/* Whoever can read it can be the site. */
static void check_secret(const struct load *load, const struct conf_file *file)
{
    const char *path = arena_cstr(load->arena, file->path);
    unsigned mode = 0;

    if (file->path.at[0] != '/')
        path = arena_printf(load->arena, "%.*s/%.*s", SLICE_ARGS(load->source->folder),
                            SLICE_ARGS(file->path))
                   .at;
    if (load->ask && load->ask->stat && load->ask->stat(load->ask, path, &mode) == 0 &&
        (mode & S_IROTH))
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_WARNING, &file->place,
                           "everybody on this machine may read the private key in '%.*s'",
                           SLICE_ARGS(file->path)),
                  "chmod 600; who has read it can be this site: get another key if somebody may "
                  "have");
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

static void check_age(const struct load *load, const struct conf_file *file, int64_t days_left)
{
    if (days_left < 0)
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_WARNING, &file->place,
                           "the certificate in '%.*s' has expired", SLICE_ARGS(file->path)),
                  "browsers refuse it: renew it");
    else if (days_left < DAYS_TO_RENEW)
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_WARNING, &file->place,
                           "the certificate in '%.*s' expires in %" PRId64 " days",
                           SLICE_ARGS(file->path), days_left),
                  "renew it in time");
}

/* Nothing is said twice: a staple that is missing was missed before. */
static void check_staple(const struct load *load, const struct tls_conf *tls,
                         const struct conf_file *file, const struct conf_file *staple,
                         const struct load_certificate *found)
{
    const bool is_stapled =
        tls->asks ? !found->unaskable : staple && staple->text.len > 0 && !found->unstapled;

    if (tls->asks && found->unaskable)
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_WARNING, &tls->asks_place,
                           "TLSstaple is of no use to '%.*s': %s", SLICE_ARGS(file->path),
                           found->unaskable),
                  "docs/tls.md says what is needed; many authorities offer no OCSP any more");
    if (staple && found->unstapled)
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_WARNING, &staple->place, "'%.*s' is not stapled: %s",
                           SLICE_ARGS(staple->path), found->unstapled),
                  "ask the authority of the certificate again; docs/tls.md says how");
    if (found->must_staple && !is_stapled)
        diag_hint(
            load->diags,
            diag_add(load->diags, DIAG_WARNING, &file->place,
                     "the certificate in '%.*s' wants to be stapled (must-staple), and "
                     "nothing is: browsers refuse it",
                     SLICE_ARGS(file->path)),
            "TLSstaple = yes gets the answer of its authority, TLSstapleFile names one; or get a "
            "certificate without this demand");
}

static void check_use(const struct load *load, const struct tls_conf *tls,
                      const struct conf_file *file, const struct conf_file *key,
                      const struct conf_file *staple)
{
    struct load_certificate found;

    if (!load->ask || !load->ask->certificate)
        return;
    load->ask->certificate(load->ask, file->text, key ? key->text : file->text,
                           staple ? staple->text : SLICE(""), &found);
    if (found.fault) {
        diag_add(load->diags, DIAG_ERROR, &file->place, "'%.*s' cannot be used: %s",
                 SLICE_ARGS(file->path), found.fault);
        return;
    }
    check_age(load, file, found.days_left);
    if (found.gap)
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_WARNING, &file->place, "'%.*s': %s",
                           SLICE_ARGS(file->path), found.gap),
                  "put the certificates between it and the root behind it, in the order of the "
                  "chain (certbot: fullchain.pem)");
    check_staple(load, tls, file, staple, &found);
}

/* A name with a wildcard is covered by the same one. */
static struct slice name_to_cover(const struct load *load, struct slice name)
{
    return slice_starts(name, SLICE("*."))
               ? arena_printf(load->arena, "any%.*s", SLICE_ARGS(slice_skip(name, 1)))
               : name;
}

static void check_names(const struct load *load, const struct vhost_conf *host)
{
    const struct conf_file *file = host->tls.certificates;

    if (!file || file->text.len == 0 || !load->ask || !load->ask->certificate_covers)
        return;
    for (const struct conf_word *word = host->hostnames; word; word = word->next) {
        if (!load->ask->certificate_covers(load->ask, file->text, name_to_cover(load, word->text)))
            diag_hint(load->diags,
                      diag_add(load->diags, DIAG_WARNING, &file->place,
                               "the certificate in '%.*s' is not for '%.*s'",
                               SLICE_ARGS(file->path), SLICE_ARGS(word->text)),
                      "browsers warn their users; get one for all names of Hostname");
    }
}

static bool any_binding_is_secure(const struct server_conf *conf)
{
    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next)
        if (binding->tls.certificates)
            return true;
    return false;
}

static bool a_binding_covers(const struct load *load, const struct server_conf *conf,
                             struct slice name)
{
    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next)
        if (binding->tls.certificates &&
            load->ask->certificate_covers(load->ask, binding->tls.certificates->text, name))
            return true;
    return false;
}

/* A host that wants TLS and has no certificate of its own is seen with that of a Binding. */
static void check_borrowed(const struct load *load, const struct server_conf *conf,
                           const struct vhost_conf *host)
{
    if (host->tls.certificates || !host->require_tls.is_on || !load->ask ||
        !load->ask->certificate_covers || !any_binding_is_secure(conf))
        return;
    for (const struct conf_word *word = host->hostnames; word; word = word->next)
        if (!a_binding_covers(load, conf, name_to_cover(load, word->text)))
            diag_hint(load->diags,
                      diag_add(load->diags, DIAG_WARNING, &host->require_tls.place,
                               "the host wants TLS, and no certificate is for '%.*s'",
                               SLICE_ARGS(word->text)),
                      "give it one by TLScertFile, or the Binding one for all names");
}

/* ---- who vouches for clients ---- */

static bool has_revoked(struct slice text)
{
    return has_text(text, SLICE("-----BEGIN X509 CRL-----"));
}

static void check_authority_use(const struct load *load, const struct conf_file *file,
                                const struct conf_file *revoked)
{
    struct load_authority found;

    if (!load->ask || !load->ask->authority)
        return;
    load->ask->authority(load->ask, file->text, revoked ? revoked->text : SLICE(""), &found);
    if (found.fault)
        diag_add(load->diags, DIAG_ERROR, &file->place, "'%.*s' cannot be used: %s",
                 SLICE_ARGS(file->path), found.fault);
    else if (revoked && found.days_left < 0)
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_WARNING, &revoked->place,
                           "the list of revoked certificates in '%.*s' has run out: every client "
                           "is refused",
                           SLICE_ARGS(revoked->path)),
                  "get the next one from the authority; it is taken over by itself");
}

static void check_authority(const struct load *load, const struct conf_file *file,
                            const struct conf_file *revoked)
{
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
    else
        check_authority_use(load, file, revoked);
}

static void read_authority(const struct load *load, struct tls_conf *tls)
{
    struct conf_file *file = tls->authorities;
    struct conf_file *revoked = file ? file->next : NULL;

    if (!file || !read_file(load, file, DIAG_ERROR) ||
        (revoked && !read_file(load, revoked, DIAG_ERROR)))
        return;
    check_authority(load, file, revoked);
    const struct slice parts[] = { file->text, revoked ? revoked->text : SLICE("") };
    sum_of(SUM_SHA256, parts, 2, tls->authority_id);
}

/* ---- all of it ---- */

/* `files` may be none. */
static bool is_one_for_each(const struct load *load, const struct tls_conf *tls,
                            const struct conf_file *files, const char *option)
{
    if (!files || count_of(files) == count_of(tls->certificates))
        return true;
    diag_hint(load->diags,
              diag_add(load->diags, DIAG_ERROR, &files->place,
                       "%s names %u files, and TLScertFile %u", option, count_of(files),
                       count_of(tls->certificates)),
              "each certificate has one, in the same order");
    return false;
}

static void read_all(const struct load *load, const struct tls_conf *tls)
{
    bool good = true;

    for (struct conf_file *file = tls->certificates; file; file = file->next)
        good &= read_file(load, file, DIAG_ERROR);
    for (struct conf_file *file = tls->keys; file; file = file->next)
        good &= read_file(load, file, DIAG_ERROR);
    for (struct conf_file *file = tls->staples; file; file = file->next)
        (void)read_file(load, file, DIAG_WARNING); /* the site does not depend on it */
    if (!is_one_for_each(load, tls, tls->keys, "TLSkeyFile") ||
        !is_one_for_each(load, tls, tls->staples, "TLSstapleFile"))
        return;
    const struct conf_file *key = tls->keys;
    const struct conf_file *staple = tls->staples;
    for (const struct conf_file *file = tls->certificates; good && file; file = file->next) {
        if (check_pair(load, file, key)) {
            check_use(load, tls, file, key, staple);
            check_secret(load, key ? key : file);
        }
        key = key ? key->next : NULL;
        staple = staple ? staple->next : NULL;
    }
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
    if (host->tls.certificates && !host->tls.automatic && !secure)
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
        if (!binding->tls.automatic)
            read_all(load, &binding->tls);
        read_authority(load, &binding->tls);
        check_binding(load, binding);
    }
    for (struct vhost_conf *host = conf->hosts; host; host = host->next) {
        if (!host->tls.automatic) {
            read_all(load, &host->tls);
            check_names(load, host);
        }
        read_authority(load, &host->tls);
        check_borrowed(load, conf, host);
        check_host(load, host, secure, proxied);
    }
}
