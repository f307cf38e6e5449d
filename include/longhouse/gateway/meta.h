#ifndef GATEWAY_META_H
#define GATEWAY_META_H

/*
 * The variables a program is told (RFC 3875 4.1, Hiawatha's and a few more), built once for CGI and
 * FastCGI: the same names in the same order go into an environment block or into PARAMS records,
 * whatever the sink is.
 *
 * Fields of the request become HTTP_<NAME>. Left out are: names with other bytes than letters,
 * digits and '-' (X_Real would hide behind X-Real), Proxy (HTTP_PROXY is taken for a setting by
 * many programs), fields about one connection, Content-Length and Content-Type (they have variables
 * of their own), names that would fall on a variable of the house (Scheme, Return-Code), and
 * Authorization unless asked for. Repeated fields are one variable, joined by ", " (Cookie by ";
 * ").
 */
#include "base/arena.h"
#include "base/slice.h"
#include "config/model.h"
#include "http/exchange.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where programs look for others. */
#define META_SEARCH_PATH SLICE("/usr/local/bin:/usr/bin:/bin")

/* What the exchange does not know by itself; all slices are borrowed. */
struct meta_source {
    struct exchange *exchange;
    struct slice script_name;       /* URL path of the script, decoded */
    struct slice path_info;         /* decoded; empty: none */
    struct slice script_filename;   /* as the program sees it */
    struct slice document_root;     /* the same */
    struct slice path_translated;   /* the same, of path_info */
    struct slice alias_from;        /* ALIAS_FROM and ALIAS_TO; empty: none was used */
    struct slice alias_to;          /* as the program sees it */
    struct slice server_name;       /* empty: the host of the request */
    struct slice search_path;       /* PATH (META_SEARCH_PATH); empty: not told */
    const struct conf_pair *setenv; /* of the host; come last and override everything */
    int64_t body_length;            /* -1: no body */
    struct slice hidden_cookie;     /* the house's own; empty: none */
    bool tell_authorization;
    bool for_authorizer; /* FastCGI 1.0, 6.3: the script is not told by its name in the URL */
};

/*
 * True when an authorizer may add a variable of that name (request.granted): it is a name, none of
 * those that the house tells or that begin as they do, and none that a loader, a shell or an
 * interpreter heeds.
 */
bool meta_may_be_granted(struct slice name);

/* Whose fault it is when the variables cannot be told. */
enum meta_end {
    META_DONE,
    META_TOO_LONG_REQUEST, /* a field of the request, or all of them together: 431 */
    META_TOO_LONG_CONF,    /* a variable of the configuration: 500 */
    META_NOT_TEXT,         /* NUL in a value: 400 */
};

/* Where the variables go. `put` answers false when it has no room. */
struct meta_sink {
    bool (*put)(struct meta_sink *sink, struct slice name, struct slice value);
};

/* Tells all variables. *ret_name: the one that did not fit (in the exchange's arena), unless
 * META_DONE. */
enum meta_end meta_build(const struct meta_source *source, struct meta_sink *sink,
                         struct slice *ret_name);

/*
 * The words of an indexed query (RFC 3875 4.4), each with NUL behind: a query of GET or HEAD
 * without
 * '=', cut at '+' and decoded. Empty when there is none, or when a word is nothing to give to a
 * program: one that begins with '-' would be an option of it.
 */
struct slice meta_query_words(const struct request *request, struct arena *arena);

/* "NAME=value\0NAME=value\0" in an arena, never above `most` bytes. */
struct meta_block {
    struct meta_sink sink;
    struct arena *arena;
    char *at;
    size_t len;
    size_t room;
    size_t most;
};

void meta_block_init(struct meta_block *block, struct arena *arena, size_t most);

static inline struct slice meta_block_slice(const struct meta_block *block)
{
    return slice_of(block->at, block->len);
}

#endif
