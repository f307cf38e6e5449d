/* What is never reached because something else comes first, and what is reached by a second way. */
#include "base/table.h"
#include "build.h"

/* ---- extensions that two things claim ---- */

static const struct cgi_handler_conf *claim_of(const struct cgi_handler_conf *handler,
                                               struct slice extension)
{
    while (handler && !words_have(handler->extensions, extension))
        handler = handler->next;
    return handler;
}

/* The list has the newest first, and the first that claims an extension wins. */
static void check_handlers(struct build *build, const struct cgi_handler_conf *list)
{
    for (const struct cgi_handler_conf *late = list; late; late = late->next) {
        for (const struct conf_word *word = late->extensions; word; word = word->next) {
            const struct cgi_handler_conf *winner = claim_of(list, word->text);

            if (winner == late)
                continue;
            diag_hint(build->diags,
                      diag_add(build->diags, DIAG_WARNING, &late->place,
                               "this CGIhandler never gets '.%.*s': the one of %s:%u claims it too",
                               SLICE_ARGS(word->text), winner->place.file, winner->place.line),
                      "the last one counts; leave the extension out here");
        }
    }
}

/* A program that is run directly comes before one that is interpreted. */
static void check_both_ways(struct build *build, const struct cgi_handler_conf *list,
                            const struct conf_word *direct)
{
    for (const struct cgi_handler_conf *handler = list; handler; handler = handler->next) {
        for (const struct conf_word *word = handler->extensions; word; word = word->next) {
            if (words_have(direct, word->text))
                diag_hint(build->diags,
                          diag_add(build->diags, DIAG_WARNING, &handler->place,
                                   "'.%.*s' is a CGIextension too: such files are run directly, "
                                   "and never by this CGIhandler",
                                   SLICE_ARGS(word->text)),
                          "leave it out of one of them");
        }
    }
}

static const struct fastcgi_conf *earlier_claim(const struct vhost_conf *host, unsigned until,
                                                struct slice extension)
{
    for (unsigned i = 0; i < until; i++)
        if (words_have(host->use_fastcgi[i]->extensions, extension))
            return host->use_fastcgi[i];
    return NULL;
}

static void tell_fastcgi(struct build *build, const struct vhost_conf *host,
                         const struct fastcgi_conf *late, const struct fastcgi_conf *winner,
                         struct slice what)
{
    diag_hint(build->diags,
              diag_add(build->diags, DIAG_WARNING, &host->place,
                       "FastCGIserver '%.*s' never gets %.*s of this host: '%.*s' stands before it",
                       SLICE_ARGS(late->id), SLICE_ARGS(what), SLICE_ARGS(winner->id)),
              "UseFastCGI asks its sections in the order in which they are named");
}

static void check_use(struct build *build, const struct vhost_conf *host)
{
    for (unsigned i = 0; i < host->use_fastcgi_count; i++) {
        const struct fastcgi_conf *late = host->use_fastcgi[i];

        if (i > 0 && !host->use_fastcgi[i - 1]->extensions) {
            tell_fastcgi(build, host, late, host->use_fastcgi[i - 1], SLICE("any request"));
            return;
        }
        for (const struct conf_word *word = late->extensions; word; word = word->next) {
            const struct fastcgi_conf *winner = earlier_claim(host, i, word->text);

            if (winner && winner != late)
                tell_fastcgi(build, host, late, winner,
                             arena_printf(build->arena, "'.%.*s'", SLICE_ARGS(word->text)));
        }
    }
}

/* ---- a website inside another one ---- */

static void tell_nested(struct build *build, const struct vhost_conf *inner,
                        const struct vhost_conf *outer)
{
    diag_hint(build->diags,
              diag_add(build->diags, DIAG_WARNING, &inner->website_root_place,
                       "this WebsiteRoot lies inside the one of %s:%u ('%.*s')",
                       outer->website_root_place.file, outer->website_root_place.line,
                       SLICE_ARGS(outer->website_root)),
              "its files can be had from that website too, by its rules: programs that it does not "
              "run are shown there");
}

static void check_root(struct build *build, const struct table *roots,
                       const struct vhost_conf *inner)
{
    struct slice folder = inner->website_root;
    size_t slash = slice_find_last(folder, '/');

    while (slash != SLICE_NONE && slash > 0) {
        folder = slice_first(folder, slash);
        const struct vhost_conf *outer = table_find(roots, folder);

        if (outer) {
            tell_nested(build, inner, outer);
            return;
        }
        slash = slice_find_last(folder, '/');
    }
}

static void check_roots(struct build *build)
{
    struct table roots = { 0 };

    for (struct vhost_conf *host = build->conf->hosts; host; host = host->next)
        if (host->website_root.len > 0 && !table_find(&roots, host->website_root))
            table_put(&roots, host->website_root, host);
    for (const struct vhost_conf *host = build->conf->hosts; host; host = host->next)
        if (host->website_root.len > 0 && host->website_root_place.file)
            check_root(build, &roots, host);
    table_done(&roots);
}

void check_reach(struct build *build)
{
    const struct server_conf *conf = build->conf;

    check_handlers(build, conf->cgi_handlers);
    check_both_ways(build, conf->cgi_handlers, conf->cgi_extensions);
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        check_handlers(build, host->cgi_handlers);
        check_both_ways(build, host->cgi_handlers, conf->cgi_extensions);
        check_both_ways(build, host->cgi_handlers, host->cgi_extensions);
        check_both_ways(build, conf->cgi_handlers, host->cgi_extensions);
        check_use(build, host);
    }
    check_roots(build);
}
