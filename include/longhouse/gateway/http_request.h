#ifndef GATEWAY_HTTP_REQUEST_H
#define GATEWAY_HTTP_REQUEST_H

/*
 * The head of a request to an HTTP/1.1 backend, made of the one that the client sent. Fields about
 * one connection stay here (RFC 9110 7.6.1), those that Connection names included; so does Expect,
 * which the house answers itself, and names with other bytes than letters, digits and '-'
 * (X_Forwarded_For would hide behind X-Forwarded-For). Who asks is told in X-Forwarded-For,
 * X-Forwarded-Proto, X-Forwarded-Host and Forwarded (RFC 7239): what a client says there itself is
 * dropped, what a trusted proxy says is extended.
 */
#include "config/model.h"
#include "http/exchange.h"

#include <stdbool.h>
#include <stdint.h>

struct http_request_plan {
    struct exchange *x;  /* borrowed; the head lies in its arena */
    int64_t body_length; /* -1: no body */
    bool keep;           /* the backend may leave the connection open */
    struct slice host;   /* to ask for; empty: that of the request */
    struct slice path;   /* put in front of the path, when `skip` parts are taken off it */
    unsigned skip;
    bool tell_authorization;
    struct slice hidden_cookie;     /* the house's own; empty: none */
    const struct conf_pair *custom; /* CustomHeaderBackend: in place of the client's of that name */
};

struct slice http_request_head(const struct http_request_plan *plan);

#endif
