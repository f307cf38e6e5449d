#ifndef TESTS_TWO_PROGRAMS_H
#define TESTS_TWO_PROGRAMS_H

/*
 * A host with two FastCGIserver sections of one target each, and one visitor: what FastCGI and SCGI
 * requests need around them.
 */
#include "gateway/desk.h"
#include "gateway/fastcgi_fake.h"
#include "gateway/visitor.h"
#include "handler/services.h"
#include "loop/mailbox.h"
#include "site/router.h"

struct two_programs {
    struct visitor *v;
    struct fastcgi_fake fakes[2]; /* by section */
    struct connect_conf targets[2];
    struct fastcgi_conf sections[2];
    struct server_conf conf;
    struct vhost_conf vhost;
    struct host host;
    struct snapshot snapshot;
    struct services services;
    struct mailbox mailbox;
    struct desk desk;
    struct backend_group *groups[2];
    struct verdict verdict; /* "/a.php" by the first section */
    size_t open_before;
};

struct two_programs *two_programs_open(void);

/* Everything must have been given back; and closes. */
void two_programs_close(struct two_programs *two);

/* The connection has come, and it is the only one. */
struct fastcgi_fake *two_programs_accept(struct two_programs *two, unsigned section);

#endif
