#ifndef SITE_FOLDER_RULES_H
#define SITE_FOLDER_RULES_H

/*
 * Which options hold for a request: those of its host, over them those of the .hiawatha files on
 * the way to it, and over them those of each Directory section that the host uses and that covers
 * the request, in the order of UseDirectory. A section
 * covers a path by its decoded, normalised form, so that no spelling of a URL gets around it.
 *
 * It is asked twice, because what is found depends on some options and others depend on what is
 * found. Whoever adds a name that a request goes by adds it to struct folder_names. Where no
 * section covers the request, the answer is the host's own record and costs nothing.
 */
#include "base/arena.h"
#include "site/local.h"
#include "site/resource.h"
#include "site/snapshot.h"
#include "site/trace.h"

/* The names of a request, decoded: what it is, and what it was before a rule rewrote it. */
struct folder_names {
    struct slice path;
    struct slice asked;
    const struct locals *locals; /* NULL: no .hiawatha counts */
};

/* Before the file is looked for: sections without Extensions. */
const struct folder_conf *folder_rules_for_path(const struct host *host,
                                                const struct folder_names *names,
                                                struct arena *arena);

/*
 * When it is found: all sections, by the path of the URL, by that of the file that answers (a start
 * file, the FrontController) and by its extension. `before` is what folder_rules_for_path() said.
 */
const struct folder_conf *folder_rules_for_found(const struct host *host,
                                                 const struct folder_names *names,
                                                 const struct resource *found,
                                                 const struct folder_conf *before,
                                                 struct arena *arena);

/* For who wants to know: which sections cover the request, and which of the host's do not. */
void folder_rules_tell(const struct host *host, const struct folder_names *names,
                       const struct resource *found, struct trace *trace);

#endif
