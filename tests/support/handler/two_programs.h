#ifndef TESTS_TWO_PROGRAMS_H
#define TESTS_TWO_PROGRAMS_H

/*
 * A host with two FastCGIserver sections of one target each, and one visitor: what FastCGI, SCGI
 * and HTTP requests need around them.
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

/* The first section speaks HTTP and keeps connections. */
struct two_programs *two_programs_open_http(void);

/* Everything must have been given back; and closes. */
void two_programs_close(struct two_programs *two);

/* The connection has come, and it is the only one. */
struct fastcgi_fake *two_programs_accept(struct two_programs *two, unsigned section);

/* ---- programs that do not speak FastCGI (fake->raw) ---- */

/* The visitor has what follows from it. */
void raw_say(struct two_programs *two, struct fastcgi_fake *fake, const char *text);
void raw_hang_up(struct two_programs *two, struct fastcgi_fake *fake);

/* All that has come and was not yet dropped (pending_len = 0). */
struct slice raw_heard(const struct fastcgi_fake *fake);
bool raw_has_heard(const struct fastcgi_fake *fake, struct slice part);

void two_programs_check_body(const struct two_programs *two, const char *text);

#endif
