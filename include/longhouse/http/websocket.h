#ifndef HTTP_WEBSOCKET_H
#define HTTP_WEBSOCKET_H

/*
 * The opening handshake of WebSocket (RFC 6455 4), seen from between a client and a server: is it
 * asked for, and does the answer belong to what was asked? What is said afterwards is nobody's
 * business here. Pure, but for a key of our own.
 */
#include "base/slice.h"
#include "http/exchange.h"

#include <stdbool.h>

#define WEBSOCKET_KEY_LEN 24u /* 16 bytes in base64 */

/*
 * The key of a request of HTTP/1.1 that asks for a WebSocket and nothing else: GET without a body,
 * `Connection: Upgrade`, `Upgrade: websocket` alone, one key of the right form, one version. Or the
 * one that it has already. Empty: it does not; then it is a request like any other.
 */
struct slice websocket_key_of(const struct request *request);

/* A new one, in the arena: for a client that needs none (RFC 8441 5). */
struct slice websocket_make_key(struct arena *arena);

/* What the answer to that key says as Sec-WebSocket-Accept, in the arena. */
struct slice websocket_accept(struct slice key, struct arena *arena);

#endif
