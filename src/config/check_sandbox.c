/* Whether this kernel has the sandboxes that the configuration asks for. */
#include "build.h"
#include "config/load.h"

#include <string.h>

#define ABI_NETWORK 4 /* of Landlock: Linux 6.7 */

static void refuse(const struct confine_conf *confine, const char *why, const char *cure,
                   struct diags *diags)
{
    diag_hint(diags, diag_add(diags, DIAG_ERROR, &confine->sandbox_place, "%s", why), "%s", cure);
}

static void check_paths(const char *option, const struct conf_folder *paths, struct load_ask *ask,
                        struct diags *diags)
{
    unsigned mode;

    for (; paths; paths = paths->next) {
        int r = ask->stat(ask, arena_cstr(diags->arena, paths->path), &mode);
        if (r < 0)
            diag_hint(diags,
                      diag_add(diags, DIAG_WARNING, &paths->place, "the %s '%.*s': %s", option,
                               SLICE_ARGS(paths->path), strerror(-r)),
                      "it is looked for when the house starts; until then programs have nothing "
                      "there");
    }
}

static void check_one(const struct confine_conf *confine, int abi, struct load_ask *ask,
                      struct diags *diags)
{
    if (confine->sandbox == SANDBOX_NO) {
        if (confine->sandbox_reads || confine->sandbox_writes || !confine->sandbox_network)
            refuse(confine,
                   "SandboxRead, SandboxWrite and SandboxNetwork do nothing without Sandbox",
                   "add: Sandbox = readonly", diags);
        return;
    }
    if (abi <= 0)
        refuse(
            confine, "Sandbox needs Landlock, which this kernel does not offer",
            "it takes Linux 5.13, and 'landlock' in the kernel's list of security modules (lsm=)",
            diags);
    else if (!confine->sandbox_network && abi < ABI_NETWORK)
        refuse(confine, "SandboxNetwork = no takes Linux 6.7", "leave it out", diags);
    if (!confine->no_new_privs)
        refuse(confine, "Sandbox needs NoNewPrivs = yes",
               "a set-user-id program would have to live with the sandbox of its caller", diags);
    check_paths("SandboxRead", confine->sandbox_reads, ask, diags);
    check_paths("SandboxWrite", confine->sandbox_writes, ask, diags);
}

static bool asks_for_one(const struct confine_conf *confine)
{
    return confine->sandbox != SANDBOX_NO || confine->sandbox_reads || confine->sandbox_writes ||
           !confine->sandbox_network;
}

/* Pools that were split off for a host's RunAs have the options of their section. */
static bool is_of_text(const struct server_conf *conf, const struct fastcgi_conf *section)
{
    for (const struct fastcgi_conf *first = conf->fastcgi; first != section; first = first->next)
        if (first->place.file == section->place.file && first->place.line == section->place.line)
            return false;
    return true;
}

static void check_section(const struct fastcgi_conf *section, int abi, struct load_ask *ask,
                          struct diags *diags)
{
    const struct confine_conf *confine = &section->run.confine;

    if (section->run.program.len > 0)
        check_one(confine, abi, ask, diags);
    else if (asks_for_one(confine))
        refuse(confine, "a Sandbox is for workers of the house, and this section has none",
               "confine the program where it is started, or write Run in place of ConnectTo",
               diags);
}

void check_sandbox(const struct server_conf *conf, struct load_ask *ask, struct diags *diags)
{
    int abi = ask->landlock(ask);

    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        check_one(&host->confine, abi, ask, diags);
    for (const struct fastcgi_conf *f = conf->fastcgi; f; f = f->next)
        if (is_of_text(conf, f))
            check_section(f, abi, ask, diags);
}
