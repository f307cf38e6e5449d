#ifndef SITE_ACCESS_H
#define SITE_ACCESS_H

/*
 * Who may ask at all: AccessList, by the address of the client. Behind trusted proxies that is the
 * client they name, and nobody else's word counts. Pure.
 */
#include "config/model.h"
#include "site/trace.h"

enum access {
    ACCESS_FREE,
    ACCESS_REFUSED,
    ACCESS_AFTER_LOGIN, /* a password opens it */
};

/*
 * The first rule that holds the client decides. Where none does, a password is wanted if there is a
 * PasswordFile (or a RequiredGroup, which nobody is in without one). `trace`: who wants to know
 * what each rule says, or NULL.
 */
enum access access_judge(const struct folder_conf *folder, const union socket_address *client,
                         struct trace *trace);

/* Who may alter files, besides that: AlterList. Whom no rule holds may not. */
enum access access_judge_alter(const struct folder_conf *folder, const union socket_address *client,
                               struct trace *trace);

#endif
