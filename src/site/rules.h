#ifndef SITE_RULES_H
#define SITE_RULES_H

/*
 * What an extension means for one host, worked out once per snapshot.
 */
#include "site/snapshot.h"

#include <stdbool.h>

#define NO_HANDLER (-1)

struct extension_rule {
    const struct fastcgi_conf *fastcgi; /* the first section that lists it; NULL: none */
    bool runs_itself;                   /* CGIextension */
    int handler; /* index in conf->handlers of the first CGIhandler, or NO_HANDLER */
};

/*
 * Fills extensions, shares_extensions and catch_all of `host`. Hosts with the same rules share one
 * table: `earlier` is a host that was done before (NULL: none).
 */
void rules_build(const struct server_conf *conf, struct host *host, const struct host *earlier,
                 struct arena *arena);
void rules_done(struct host *host);

/* NULL: the extension means nothing special here. */
const struct extension_rule *rules_find(const struct host *host, struct slice extension);

/* The section that answers for an extension: by its list, or because it has none. NULL: none. */
const struct fastcgi_conf *rules_fastcgi(const struct host *host, struct slice extension);

/* All extensions that are a program for any host. */
void rules_collect_programs(const struct server_conf *conf, struct table *programs,
                            struct arena *arena);

/* Gives each host the CGIpatterns of all hosts with its WebsiteRoot. */
void rules_share_patterns(struct host *hosts, unsigned count, struct arena *arena);

/* A program of this host or of another one with the same WebsiteRoot, by its name below it. */
bool rules_is_pattern(const struct host *host, struct slice relative);

/* Whatever its case: "PHP" is somebody's "php". */
bool rules_is_program(const struct table *programs, struct slice extension);

/*
 * A component that begins with a dot is hidden. The folder of RFC 8615 is not, whatever lies below
 * it is judged like anything else; .hiawatha holds configuration and is never shown.
 */
bool rules_hide(struct slice path, bool allow_dot_files);

#endif
