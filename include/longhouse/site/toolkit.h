#ifndef SITE_TOOLKIT_H
#define SITE_TOOLKIT_H

/*
 * What UrlToolkit rules make of a request. A function of the rules and of what they ask: the URL,
 * method and fields, the disk through a callback. Patterns are compiled once for a snapshot, and
 * one that occurs in many toolkits once for all of them. Sections that call each other do so at
 * most TOOLKIT_NESTED_MOST deep and never in a circle (config checks that); how many rules one
 * request may take, how long a pattern may take and how long a URL may grow is limited here.
 */
#include "base/arena.h"
#include "base/slice.h"
#include "config/toolkit.h"
#include "http/field.h"
#include "http/target.h"

#include <stdbool.h>
#include <stdint.h>

#define TOOLKIT_URL_MOST   ((size_t)65536)
#define TOOLKIT_STEPS_MOST 10000u

struct toolkits;

struct toolkits *toolkits_build(const struct server_conf *conf, struct arena *arena);
void toolkits_done(struct toolkits *toolkits);

enum toolkit_found { FOUND_NOTHING, FOUND_FILE, FOUND_FOLDER, FOUND_UNKNOWN };

/* What the rules ask. */
struct toolkit_ask {
    struct slice url; /* see toolkit_url() */
    struct slice method;
    const struct fields *fields;
    uint64_t connections;
    bool secure;
    struct arena *arena;

    /* What lies where this path and query point to. FOUND_NOTHING: there is no such name;
     * FOUND_UNKNOWN: something else, or nobody may look there. */
    enum toolkit_found (*on_disk)(struct toolkit_ask *ask, struct slice url);

    /* Each rule as it is tried, and the URL behind it; NULL: nobody wants to know. */
    void (*note)(struct toolkit_ask *ask, const struct toolkit_rule *rule, bool holds,
                 struct slice url);
};

enum toolkit_end {
    TOOLKIT_GOES_ON, /* with `url` */
    TOOLKIT_REDIRECTS,
    TOOLKIT_DENIES,
    TOOLKIT_FINDS_NOTHING,
    TOOLKIT_FAILS, /* `why` */
};

struct toolkit_result {
    enum toolkit_end end;
    struct slice url;                   /* TOOLKIT_REDIRECTS: ready for Location */
    bool rewritten;                     /* it is another than before */
    const struct fastcgi_conf *fastcgi; /* as named in the rule; NULL: none */
    bool omit_log;
    const struct toolkit_rule *ban;  /* the client is to be banned and denied; NULL: it is not */
    const struct toolkit_rule *rule; /* the last one that held; NULL: none did */
    const char *why;
};

/* Through all toolkits of the host, in order. */
void toolkit_run(const struct toolkits *toolkits, const struct vhost_conf *host,
                 struct toolkit_ask *ask, struct toolkit_result *ret);

/*
 * The URL that rules see: the path cleaned and with only those bytes percent-encoded that must be,
 * so that no spelling gets around a rule; the query as sent.
 */
struct slice toolkit_url(const struct target *target, struct arena *arena);

#endif
