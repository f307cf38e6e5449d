/*
 * cgi-wrapper.conf of Hiawatha, for hosts with WrapCGI: lines `CGIhandler = PATH[, PATH]` and
 * `Wrap = ID ; ROOT ; USER[:GROUP[,GROUP]]`; ROOT is a folder or ~USER. One slash of the folder may
 * be a '|': what stands before it is the root directory of the programs.
 */
#include "build.h"
#include "config/load.h"
#include "config/roots.h"
#include "lines.h"

#define WRAPPER_NAME "cgi-wrapper.conf"

struct wrap {
    struct wrap *next;
    struct slice id;
    struct slice root;
    struct slice chroot; /* empty: none */
    struct slice user;
    struct conf_word *groups;
};

struct wrapper {
    const struct load *load;
    struct wrap *wraps;
};

static struct diag *fault(const struct wrapper *wrapper, const struct line *line, const char *why)
{
    struct diag_place place = tree_pieces_place(line->pieces, 0, line->text.len);

    return diag_add(wrapper->load->diags, DIAG_ERROR, &place, "%s", why);
}

/* ---- lines ---- */

static bool is_plain(struct slice path)
{
    struct slice segment;

    while (slice_next(&path, '/', &segment))
        if (slice_equal(segment, SLICE("..")) || slice_equal(segment, SLICE(".")))
            return false;
    return true;
}

/* "/srv/shop|htdocs": the root directory is /srv/shop. False: it cannot be one. */
static bool take_chroot(struct wrap *wrap, struct arena *arena)
{
    size_t bar = slice_find(wrap->root, '|');

    if (bar == SLICE_NONE)
        return true;
    char *folder = arena_cstr(arena, wrap->root);
    folder[bar] = '/';
    wrap->chroot = slice_of(folder, bar);
    wrap->root.at = folder;
    return slice_starts(wrap->chroot, SLICE("/")) && wrap->chroot.len > 1 &&
           !slice_ends(wrap->chroot, SLICE("/")) && bar + 1 < wrap->root.len &&
           !slice_has(wrap->root, '|') && is_plain(wrap->root);
}

static void take_wrap(struct wrapper *wrapper, const struct line *line, struct slice value)
{
    struct wrap *wrap = arena_new(wrapper->load->arena, struct wrap);
    struct slice rest;
    struct slice account;

    bool complete = slice_cut(value, ';', &wrap->id, &rest);
    complete = complete && slice_cut(rest, ';', &wrap->root, &account);
    wrap->id = slice_trim(wrap->id);
    wrap->root = slice_trim(wrap->root);
    if (!complete || wrap->id.len == 0 ||
        !run_as_parse(wrapper->load->arena, account, &wrap->user, &wrap->groups)) {
        diag_hint(wrapper->load->diags,
                  fault(wrapper, line, "'Wrap' wants an id, a folder and a user"),
                  "for example: Wrap = shop ; /srv/shop ; alice:web");
        return;
    }
    if (!take_chroot(wrap, wrapper->load->arena)) {
        diag_hint(wrapper->load->diags,
                  fault(wrapper, line, "one '/' of an absolute folder without '..' may be a '|'"),
                  "for example: Wrap = shop ; /srv/shop|htdocs ; alice");
        return;
    }
    if (!slice_starts(wrap->root, SLICE("/")) && !slice_starts(wrap->root, SLICE("~"))) {
        fault(wrapper, line, "the folder of a 'Wrap' line begins with '/', or is ~USER");
        return;
    }
    struct wrap **end = &wrapper->wraps;
    while (*end)
        end = &(*end)->next;
    *end = wrap;
}

static void take_line(struct wrapper *wrapper, struct build *build, const struct line *line)
{
    struct slice text = slice_trim(slice_first(line->text, lines_comment(line->text)));
    struct slice name;
    struct slice value;
    struct slice item;

    if (text.len == 0)
        return;
    bool complete = slice_cut(text, '=', &name, &value);
    name = slice_trim(name);
    value = slice_trim(value);
    if (complete && slice_equal_nocase(name, SLICE("Wrap"))) {
        take_wrap(wrapper, line, value);
    } else if (complete && slice_equal_nocase(name, SLICE("CGIhandler"))) {
        while (slice_next(&value, ',', &item))
            words_add(build->arena, &build->conf->wrapper_programs, slice_trim(item));
    } else {
        diag_hint(wrapper->load->diags, fault(wrapper, line, "not a line of " WRAPPER_NAME),
                  "known: CGIhandler, Wrap");
    }
}

/* ---- hosts ---- */

static bool knows_wrap(const struct vhost_conf *host, struct slice id)
{
    for (unsigned i = 0; i < host->wrap_count; i++)
        if (slice_equal(host->wraps[i].wrap_id, id))
            return true;
    return false;
}

/* The programs of a Directory are those of the host in all but their user. */
static void list_wraps(struct vhost_conf *host, struct arena *arena)
{
    host->wraps = arena_array(arena, struct confine_conf, host->directory_count);
    for (unsigned i = 0; i < host->directory_count; i++) {
        const struct directory_conf *directory = host->directories[i];
        const struct slice id = directory->folder.wrap_id;

        if (id.len == 0 || knows_wrap(host, id))
            continue;
        struct confine_conf *wrap = &host->wraps[host->wrap_count++];
        *wrap = host->confine;
        wrap->user = wrap->below = wrap->chroot = SLICE("");
        wrap->groups = NULL;
        wrap->wrap_id = id;
        wrap->wrap_place = directory->wrap_place;
    }
}

static bool uses_wrapper(const struct server_conf *conf)
{
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        if (host->confine.wrap_id.len > 0 || host->wrap_count > 0)
            return true;
    return false;
}

static const struct wrap *find(const struct wrapper *wrapper, struct slice id)
{
    for (const struct wrap *wrap = wrapper->wraps; wrap; wrap = wrap->next)
        if (slice_equal(wrap->id, id))
            return wrap; /* the first counts */
    return NULL;
}

/* What lies outside of a program's root directory cannot be run in it. */
static void check_aliases_inside(struct diags *diags, const struct vhost_conf *host,
                                 struct slice chroot)
{

    for (const struct alias_conf *alias = host->aliases; alias && chroot.len > 0;
         alias = alias->next) {
        if (slice_starts(alias->folder, chroot) && alias->folder.len > chroot.len &&
            alias->folder.at[chroot.len] == '/')
            continue;
        diag_hint(diags,
                  diag_add(diags, DIAG_WARNING, &alias->place,
                           "programs in '%.*s' cannot run: it lies outside of '%.*s', the root "
                           "directory of the programs by WrapCGI",
                           SLICE_ARGS(alias->folder), SLICE_ARGS(chroot)),
                  "move it there, or leave the '|' out of the Wrap line");
    }
}

static void resolve(const struct wrapper *wrapper, const struct vhost_conf *host,
                    struct confine_conf *confine)
{
    struct diags *diags = wrapper->load->diags;
    const struct wrap *wrap = find(wrapper, confine->wrap_id);

    if (!wrap) {
        diag_hint(diags,
                  diag_add(diags, DIAG_ERROR, &confine->wrap_place,
                           "WrapCGI names '%.*s', but " WRAPPER_NAME " has no such Wrap line",
                           SLICE_ARGS(confine->wrap_id)),
                  "add: Wrap = %.*s ; FOLDER ; USER", SLICE_ARGS(confine->wrap_id));
        return;
    }
    if (confine->user.len > 0) {
        diag_add(diags, DIAG_ERROR, &confine->wrap_place, "a host has RunAs or WrapCGI, not both");
        return;
    }
    confine->user = wrap->user;
    confine->groups = wrap->groups;
    confine->below = wrap->root;
    confine->chroot = wrap->chroot;
    confine->user_place = confine->wrap_place;
    check_aliases_inside(diags, host, confine->chroot);
}

static void resolve_host(const struct wrapper *wrapper, struct vhost_conf *host)
{
    if (host->confine.wrap_id.len > 0)
        resolve(wrapper, host, &host->confine);
    for (unsigned i = 0; i < host->wrap_count; i++)
        resolve(wrapper, host, &host->wraps[i]);
}

static void refuse_all(const struct load *load, const struct vhost_conf *host, const char *why)
{
    for (unsigned i = 0; i <= host->wrap_count; i++) {
        const struct confine_conf *confine = roots_confine(host, i);

        if (confine->wrap_id.len > 0)
            diag_add(load->diags, DIAG_ERROR, &confine->wrap_place,
                     "WrapCGI needs " WRAPPER_NAME " in the configuration folder: %s", why);
    }
}

void wrapper_load(const struct load *load, struct build *build)
{
    struct wrapper wrapper = { .load = load };
    const char *why;
    struct lines lines;
    struct line line;

    for (struct vhost_conf *host = build->conf->hosts; host; host = host->next)
        list_wraps(host, load->arena);
    if (!uses_wrapper(build->conf))
        return;
    const struct source_text *text =
        source_find_file(load->source, load->arena, SLICE(WRAPPER_NAME), &why);
    if (!text) {
        for (struct vhost_conf *host = build->conf->hosts; host; host = host->next)
            refuse_all(load, host, why);
        return;
    }
    lines_init(&lines, load->arena, text);
    while (lines_next(&lines, &line))
        take_line(&wrapper, build, &line);
    for (struct vhost_conf *host = build->conf->hosts; host; host = host->next)
        resolve_host(&wrapper, host);
}
