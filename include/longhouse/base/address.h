#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

/*
 * Addresses in text and in bytes. Pure.
 *
 *   127.0.0.1:9000   [::1]:9000   ::1.9000 (Hiawatha's older form)   /run/php.sock
 */
#include "base/slice.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Any address the house speaks to. `any.sa_family` tells which. */
union socket_address {
    struct sockaddr any;
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
};

#define ADDRESS_TEXT_MOST 128 /* room for any address in text, NUL included */

/* IPv4 or IPv6 literal (brackets allowed) with the port given apart. False if it is none. */
bool address_parse_ip(struct slice text, uint16_t port, union socket_address *ret);

/* A target to connect to, in the forms above. False if it is none. */
bool address_parse_target(struct slice text, union socket_address *ret);

/* The IP literal without port, or the path of a unix socket; NUL terminated. Returns `out`. */
char *address_text(const union socket_address *address, char out[ADDRESS_TEXT_MOST]);

/* With the port: "1.2.3.4:80", "[::1]:80", "/run/x.sock". */
char *address_text_port(const union socket_address *address, char out[ADDRESS_TEXT_MOST]);

/* Size for system calls, by family. */
socklen_t address_size(const union socket_address *address);

uint16_t address_port(const union socket_address *address);          /* 0 for unix sockets */
void address_set_port(union socket_address *address, uint16_t port); /* of IPv4 or IPv6 */

bool address_equal_ip(const union socket_address *a, const union socket_address *b);

/* On this machine as far as one can tell from the address: loopback or unix socket. */
bool address_is_local(const union socket_address *address);

/* ::ffff:1.2.3.4 becomes 1.2.3.4. */
void address_unmap(union socket_address *address);

/* The bytes that stand for a client: 4 for IPv4, the first 8 (/64) for IPv6. Returns their number.
 */
unsigned address_client_key(const union socket_address *address, unsigned char ret[16]);

/* What is left is its network: the first 24 bits of IPv4, 48 of IPv6; the rest becomes 0. */
void address_anonymize(union socket_address *address);

/* A network "1.2.3.0/24", "::/0", "1.2.3.4", "all". */
struct address_net {
    union socket_address base;
    uint8_t bits;
    bool all;
};
bool address_net_parse(struct slice text, struct address_net *ret);
bool address_net_holds(const struct address_net *net, const union socket_address *address);

#endif
