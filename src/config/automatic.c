/*
 * AutoTLS: the files in which its certificates are kept, read as far as they are there, and who
 * will never get one.
 */
#include "build.h"
#include "config/load.h"

#define NAMES_MOST 100u /* of one certificate, as authorities have it */

/* ---- which hosts ---- */

struct slice acme_id(const struct tls_conf *tls)
{
    struct slice names = tls->names;
    struct slice id = { 0 };

    (void)slice_next(&names, ' ', &id);
    return id;
}

bool acme_is_used(const struct server_conf *conf)
{
    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next)
        if (binding->tls.asks)
            return true;
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        if (host->tls.automatic || host->tls.asks)
            return true;
    return false;
}

bool acme_has(const struct server_conf *conf, struct slice id)
{
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        if (host->tls.automatic && slice_equal(acme_id(&host->tls), id))
            return true;
    return false;
}

/* ---- names ---- */

static bool is_number(struct slice label)
{
    for (size_t i = 0; i < label.len; i++)
        if (label.at[i] < '0' || label.at[i] > '9')
            return false;
    return true;
}

/* Letters, digits, hyphens and dots, at least two parts, no address. */
static bool is_public(struct slice name)
{
    const size_t dot = slice_find_last(name, '.');

    for (size_t i = 0; i < name.len; i++) {
        const char c = name.at[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '.')
            return false;
    }
    return name.len > 0 && name.at[0] != '.' && name.at[0] != '-' && dot < name.len &&
           !is_number(slice_skip(name, dot + 1));
}

static void check_name(const struct load *load, const struct vhost_conf *host, struct slice name)
{
    const struct diag_place *place = &host->tls.automatic_place;

    if (slice_starts(name, SLICE("*.")))
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, place,
                           "a certificate for '%.*s' wants a proof by DNS (DNS-01), which is not "
                           "made here",
                           SLICE_ARGS(name)),
                  "name each host, or get this one by another tool and name it by TLScertFile");
    else if (!is_public(name))
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, place,
                           "no authority gives a certificate for '%.*s'", SLICE_ARGS(name)),
                  "it must be a name with a dot that others can look up, and no address");
}

/* All names of the host, if each can have a certificate. */
static struct slice names_of(const struct load *load, const struct vhost_conf *host)
{
    struct slice names = { 0 };
    unsigned count = 0;

    for (const struct conf_word *word = host->hostnames; word; word = word->next) {
        check_name(load, host, word->text);
        names = arena_printf(load->arena, "%.*s%s%.*s", SLICE_ARGS(names), count++ > 0 ? " " : "",
                             SLICE_ARGS(word->text));
    }
    if (count == 0)
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &host->tls.automatic_place,
                           "a host without a Hostname cannot have a certificate"),
                  "give it one, or let another host have AutoTLS");
    else if (count > NAMES_MOST)
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &host->tls.automatic_place,
                           "one certificate is for at most %u names, and this host has %u",
                           NAMES_MOST, count),
                  "make two hosts of it");
    return names;
}

/* ---- files ---- */

struct conf_file *automatic_file(const struct load *load, struct slice path,
                                 const struct diag_place *place)
{
    struct conf_file *file = arena_new(load->arena, struct conf_file);
    const char *why;
    const struct source_text *text = source_find_file(load->source, load->arena, path, &why);

    *file = (struct conf_file){ .path = path, .place = *place };
    if (text)
        file->text = text->text;
    return file;
}

static void check_file(const struct load *load, struct conf_file *file)
{
    struct load_certificate found;

    if (file->text.len == 0 || !load->ask || !load->ask->certificate)
        return;
    load->ask->certificate(load->ask, file->text, file->text, SLICE(""), &found);
    if (found.fault)
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &file->place, "'%.*s' cannot be used: %s",
                           SLICE_ARGS(file->path), found.fault),
                  "remove the file: another certificate is got");
}

static bool has_files(const struct tls_conf *tls)
{
    return tls->certificates || tls->keys || tls->staples;
}

static void load_host(const struct load *load, const struct server_conf *conf,
                      struct vhost_conf *host)
{
    struct tls_conf *tls = &host->tls;

    if (has_files(tls)) {
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &tls->automatic_place,
                           "the host has AutoTLS, and files of its own"),
                  "leave out AutoTLS, or TLScertFile, TLSkeyFile and TLSstapleFile");
        return;
    }
    tls->names = names_of(load, host);
    const struct slice id = acme_id(tls);
    if (id.len == 0)
        return;
    tls->certificates = automatic_file(
        load,
        arena_printf(load->arena, "%.*s/%.*s.pem", SLICE_ARGS(conf->acme.folder), SLICE_ARGS(id)),
        &tls->automatic_place);
    check_file(load, tls->certificates);
}

static void load_binding(const struct load *load, const struct vhost_conf *first,
                         struct binding_conf *binding)
{
    struct tls_conf *tls = &binding->tls;

    if (has_files(tls)) {
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &tls->automatic_place,
                           "the Binding has AutoTLS, and files of its own"),
                  "leave out one of both: hosts with AutoTLS are shown either way");
    } else if (!first) {
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &tls->automatic_place,
                           "no host has AutoTLS: the Binding has no certificate to show"),
                  "add AutoTLS = yes to a VirtualHost too");
    } else {
        tls->certificates = first->tls.certificates;
        tls->names = first->tls.names;
    }
}

/* ---- whether it can work ---- */

static void check_agreed(const struct load *load, const struct server_conf *conf,
                         const struct vhost_conf *first)
{
    if (conf->acme.agrees)
        return;
    diag_hint(load->diags,
              diag_add(load->diags, DIAG_ERROR, &first->tls.automatic_place,
                       "AutoTLS asks %.*s, whose terms are not agreed to",
                       SLICE_ARGS(conf->acme.directory)),
              "read them (Let's Encrypt: https://letsencrypt.org/repository/), then set: ACMEagree "
              "= yes");
}

static void check_folder(const struct load *load, const struct server_conf *conf)
{
    const struct slice folder = conf->acme.folder;
    const struct slice work = conf->work_directory;

    if (work.len == 0 || !slice_starts(folder, work) ||
        (folder.len > work.len && folder.at[work.len] != '/'))
        return;
    diag_hint(load->diags,
              diag_add(load->diags, DIAG_ERROR, &conf->acme.folder_place,
                       "ACMEfolder '%.*s' lies in WorkDirectory, which belongs to the user of the "
                       "server",
                       SLICE_ARGS(folder)),
              "take another one: it is for nobody but who starts the house");
}

/* `port`: 0 for any. */
static bool has_binding(const struct server_conf *conf, bool speaks_tls, unsigned port)
{
    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next)
        if ((binding->tls.certificates != NULL) == speaks_tls &&
            (port == 0 || binding->port == port))
            return true;
    return false;
}

/* Authorities look at port 80 or 443; where a router passes them on to others is not seen here. */
static void choose_proof(const struct load *load, struct server_conf *conf,
                         const struct vhost_conf *first)
{
    const struct diag_place *place = &first->tls.automatic_place;
    const bool has_80 = has_binding(conf, false, 80);
    const bool has_443 = has_binding(conf, true, 443);

    conf->acme.by_alpn = !has_80 && (has_443 || !has_binding(conf, false, 0));
    if (!has_binding(conf, true, 0))
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, place,
                           "the certificate would never be shown: no Binding speaks TLS"),
                  "add: Binding {, Port = 443, AutoTLS = yes and }, each on a line of its own");
    else if (!has_80 && !has_443)
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_WARNING, place,
                           "the authority looks at port %s, and no Binding listens there",
                           conf->acme.by_alpn ? "443" : "80"),
                  "add one, or pass that port on to the one that there is");
}

static void load_ca(const struct load *load, const struct server_conf *conf)
{
    struct conf_file *file = conf->acme.ca;
    const char *why;

    if (!file)
        return;
    const struct source_text *text = source_find_file(load->source, load->arena, file->path, &why);
    if (text) {
        file->text = text->text;
        return;
    }
    diag_hint(load->diags,
              diag_add(load->diags, DIAG_ERROR, &file->place, "cannot read ACMEca '%.*s': %s",
                       SLICE_ARGS(file->path), why),
              "leave it out for an authority that the system knows");
}

void load_automatic(const struct load *load, struct server_conf *conf)
{
    const struct vhost_conf *first = NULL;

    load_ca(load, conf);
    for (struct vhost_conf *host = conf->hosts; host; host = host->next) {
        if (!host->tls.automatic)
            continue;
        load_host(load, conf, host);
        first = first ? first : host;
    }
    for (struct binding_conf *binding = conf->bindings; binding; binding = binding->next)
        if (binding->tls.automatic)
            load_binding(load, first, binding);
    if (acme_is_used(conf))
        check_folder(load, conf);
    if (!first)
        return;
    check_agreed(load, conf, first);
    choose_proof(load, conf, first);
}
