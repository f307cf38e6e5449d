#ifndef HANDLER_TRANSFORM_H
#define HANDLER_TRANSFORM_H

/*
 * A document that a stylesheet makes an answer of. xsltproc does it, and is run as any CGI program:
 * by the spawner, with a seat, within the limits of the host, its stderr in the host's error log.
 * What differs is said here: the document comes by stdin in place of the request's body, and what
 * xsltproc writes has no head. When nothing comes of it the answer is 500. Private to this floor.
 */
#include "http/spill.h"
#include "site/router.h"

struct transformation {
    uint32_t rule;             /* of the spawner: which stylesheet, or below which root */
    struct slice script;       /* the stylesheet below the root of the rule */
    struct slice absolute;     /* the same, NUL terminated */
    struct cached_file *found; /* borrowed: it, where FileHashes may want to know; or NULL */
    int status;                /* of the answer; 0: 200 */
    struct fields fields;      /* Content-Type, and what else is said */
};

/* The document: to be filled and finished. The exchange owns it, and gives up what was collected of
 * its request for it. */
struct spill *transform_document(struct exchange *x);

/* Answers with what comes of it. `verdict`: what was judged, of which host and options are taken.
 * As reply_status(), this hands over. */
void transform(struct exchange *x, const struct verdict *verdict,
               const struct transformation *transformation);

/* The same by one of the stylesheets that options name (ErrorXSLTfile, ShowIndex), which is
 * absolute. `status`, and `fields` besides Content-Type: of the answer. */
void transform_by_own(struct exchange *x, const struct verdict *verdict, struct slice stylesheet,
                      int status, const struct fields *fields);

#endif
