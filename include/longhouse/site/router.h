#ifndef SITE_ROUTER_H
#define SITE_ROUTER_H

/*
 * Which handler answers, and why: a decision, not an action. Order of judgement: host -> method ->
 * RequireTLS -> RequiredCA -> toolkits -> dot files -> resource, or the FrontController -> FastCGI
 * by extension
 * -> CGI pattern -> CGI extension -> CGI handler (reference 3.6: FastCGI overrules CGIextension
 * overrules CGIhandler overrules static) -> folder
 * -> file -> 404. PUT and DELETE of what is no program alter files, where the binding and AlterList
 * let them. A type that is a program anywhere in the configuration is never sent as text.
 */
#include "config/model.h"
#include "http/exchange.h"
#include "site/local.h"
#include "site/resource.h"
#include "site/snapshot.h"

enum answer {
    ANSWER_STATUS,   /* a short answer: `status` */
    ANSWER_REDIRECT, /* `status` and `location` */
    ANSWER_FILE,
    ANSWER_XSLT, /* what `style` makes of the file */
    ANSWER_CGI,
    ANSWER_FASTCGI,
    ANSWER_LISTING, /* of the folder */
    ANSWER_ALTER,   /* a file is made, replaced or removed */
    ANSWER_LOGIN,   /* who asks? What is behind it is `guarded` */
    ANSWER_SCREEN,  /* what does the request hold? Likewise */
    ANSWER_SSH,     /* a tunnel to `ssh` */
    ANSWER_HASH,    /* is the file the one that is noted? What is behind it is `guarded` */
};

struct transformation; /* handler/transform.h */

/* UseXSLT: the stylesheet that an XML file is shown by. */
struct file_style {
    struct cached_file *found; /* held; NULL: there is none */
    struct slice relative;     /* below the root of the file; both NUL terminated */
    struct slice absolute;
};

struct verdict {
    enum answer answer;
    int status;
    const char *why;        /* static or in the arena: the reason, for logs and `explain` */
    struct slice location;  /* ready for the field: path, percent-encoded */
    struct slice allow;     /* value of Allow for 405 and for OPTIONS; empty: none */
    unsigned retry_after_s; /* 503: for Retry-After; 0: none */
    struct slice details;   /* for the page, where DebugCGI allows it; empty: none */
    const struct host *host;
    const struct folder_conf *folder; /* the options that hold for it (site/folder_rules.h) */
    struct locals locals;             /* its .hiawatha files; `folder` leans on them */
    struct resource resource;
    struct file_style style;                    /* ANSWER_XSLT */
    uint32_t rule;                              /* ANSWER_CGI, ANSWER_XSLT: of ipc/policy */
    uint32_t account;                           /* and the account it is for; 0: none */
    const struct confine_conf *confine;         /* ANSWER_CGI: who runs, within which limits */
    const struct cgi_handler_conf *interpreter; /* ANSWER_CGI: NULL = the file itself runs */
    const struct fastcgi_conf *fastcgi;         /* ANSWER_FASTCGI */
    const struct proxy_conf *proxy;             /* by which rule; NULL: by none */

    const char *ssh; /* ANSWER_SSH: static, an address with its port */

    /* ANSWER_CGI: what runs is xsltproc, and that is what for; NULL: it is a script. */
    const struct transformation *transformation;

    bool wants_login; /* a password comes before the answer, whatever it is */
    bool alters;      /* the request would alter a file, whatever its answer is */
    const struct conf_word *alter_groups; /* besides RequiredGroup, whoever logs in must be in one
                                             of them; NULL: no group is wanted */

    /* ANSWER_LOGIN, ANSWER_SCREEN, ANSWER_HASH, and ANSWER_FASTCGI that asks an authorizer: what
     * answers once the request has been let pass. */
    const struct verdict *guarded;

    /* A page for an error (ErrorHandler): of which. */
    const struct verdict *error_of;

    /* ANSWER_FILE chosen by a program (site/chosen.h): `status` is 200, or what it wants the file
     * to be sent with, whole and unconditionally. */
    bool chosen;
    struct fields kept; /* its fields, sent with the file; or those of a short answer */
};

/* The host for a request that came in on `binding`. `trace`: who wants to know why, or NULL. */
const struct host *router_host(const struct snapshot *snapshot, const struct binding_conf *binding,
                               struct slice name, struct trace *trace);

/* Judges; memory from x->arena. x->request.failed gives ANSWER_STATUS with it. */
void router_judge(const struct snapshot *snapshot, const struct host *host, struct exchange *x,
                  struct file_cache *cache, struct verdict *ret);

/* What a visit that is refused (visit.refuse) is told, whatever it asks. */
void router_refuse(const struct exchange *x, const struct host *host, struct verdict *ret);

/* Gives back what the verdict holds. */
void verdict_done(struct verdict *verdict, struct file_cache *cache);

#endif
