/* CAcertificates: who vouches for backends that are asked by TLS. */
#include "build.h"
#include "config/load.h"

/* Where systems keep those that they know; the first that is there counts. */
static const struct slice of_systems[] = {
    SLICE_INIT("/etc/ssl/certs/ca-certificates.crt"), /* Debian, Arch, Alpine */
    SLICE_INIT("/etc/pki/tls/certs/ca-bundle.crt"),   /* Fedora, RHEL */
    SLICE_INIT("/etc/ssl/ca-bundle.pem"),             /* openSUSE */
};

static const struct connect_conf *first_by_tls(const struct fastcgi_conf *section)
{
    const struct connect_conf *target = section->targets;

    while (target && !target->tls)
        target = target->next;
    return target;
}

/* The first target of all that is asked by TLS; NULL: none is. */
static const struct connect_conf *mark_sections(const struct server_conf *conf)
{
    const struct connect_conf *first = NULL;

    for (struct fastcgi_conf *section = conf->fastcgi; section; section = section->next) {
        const struct connect_conf *target = first_by_tls(section);

        section->uses_tls = target != NULL;
        first = first ? first : target;
    }
    return first;
}

/* Another text behind it. */
static void append(struct arena *arena, struct slice *whole, struct slice text)
{
    *whole = whole->len > 0
                 ? arena_printf(arena, "%.*s\n%.*s", SLICE_ARGS(*whole), SLICE_ARGS(text))
                 : text;
}

static void check_use(const struct load *load, const struct conf_file *file, struct slice text)
{
    struct load_authority found = { 0 };

    if (!load->ask || !load->ask->authority)
        return;
    load->ask->authority(load->ask, text, SLICE(""), &found);
    if (found.fault)
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &file->place, "'%.*s' cannot be used: %s",
                           SLICE_ARGS(file->path), found.fault),
                  "it is a PEM file of the certificates of authorities, or a folder of such files");
}

/* A file or a folder. */
static void read_one(const struct load *load, const struct conf_file *file, struct slice *whole)
{
    const char *why = "not found";
    const struct source_text *text =
        load->source->find(load->source, load->arena, file->path, &why);
    struct slice all = { 0 };

    if (!text) {
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &file->place, "cannot read '%.*s': %s",
                           SLICE_ARGS(file->path), why),
                  "without CAcertificates those are believed that this machine knows");
        return;
    }
    for (; text; text = text->next)
        append(load->arena, &all, text->text);
    check_use(load, file, all);
    append(load->arena, whole, all);
}

/* Those that this machine knows, for the target. */
static void read_systems(const struct load *load, const struct connect_conf *target,
                         struct slice *ret)
{
    const char *why;

    for (size_t i = 0; i < sizeof(of_systems) / sizeof(of_systems[0]); i++) {
        const struct source_text *text =
            source_find_file(load->source, load->arena, of_systems[i], &why);

        if (text) {
            *ret = text->text;
            return;
        }
    }
    diag_hint(load->diags,
              diag_add(load->diags, DIAG_ERROR, &target->place,
                       "nobody vouches for the certificate of '%.*s': this machine has no list of "
                       "authorities",
                       SLICE_ARGS(target->text)),
              "install ca-certificates, or name a file by CAcertificates");
}

void load_trust(const struct load *load, struct server_conf *conf)
{
    const struct connect_conf *target = mark_sections(conf);

    for (const struct conf_file *file = conf->ca_files; file; file = file->next)
        read_one(load, file, &conf->ca_text);
    if (target && !conf->ca_files)
        read_systems(load, target, &conf->ca_text);
}
