#ifndef SITE_SIEVE_H
#define SITE_SIEVE_H

/*
 * What a request may not hold: texts that fit DenyBody of a host, and texts that look like an
 * attempt to reach its database (PreventSQLi). The patterns are compiled once for a snapshot; how
 * long one may take is limited (config/regex.h), and a text that takes too long counts as one that
 * fits: nobody gets through by being tiresome.
 *
 * What comes from another site (PreventCSRF) is told by its fields alone.
 */
#include "base/arena.h"
#include "config/model.h"
#include "config/regex.h"
#include "http/exchange.h"

#include <stdbool.h>

struct sieve;

struct sieve *sieve_build(const struct server_conf *conf, struct arena *arena);
void sieve_done(struct sieve *sieve);

/* Of one search, for as many texts as it has. */
struct sieving {
    const struct sieve *sieve;
    const struct vhost_conf *host;
    struct regex_scratch scratch; /* given back with regex_scratch_done() */
    char *room;                   /* for texts without their spellings: as long as a text */
};

/* Whether the text, as it is or without its spellings, fits a DenyBody of the host. *ret: which. */
bool sieve_denies(struct sieving *sieving, struct slice text, struct slice *ret);

/* Whether the text looks like SQL that somebody put in. *ret: what of it, in `room`. */
bool sieve_finds_sql(struct sieving *sieving, struct slice text, struct slice *ret);

/* The request changes something and was sent by a page of another site. *ret: of which. */
bool sieve_is_foreign(const struct vhost_conf *host, const struct request *request,
                      struct slice *ret);

/* A body of this type is text for a program: a form, JSON, XML, or nobody says what. */
bool sieve_reads(struct slice content_type);

#endif
