#ifndef ACME_H
#define ACME_H

/*
 * The program that gets certificates from an authority, for hosts with AutoTLS, and answers about
 * certificates, for TLSstaple: it is told what there is and what is to be got, and what it got is
 * written into ACMEfolder, where renewal.c finds it.
 */
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>

struct acme_tasks;
struct arena;
struct diags;
struct handover;
struct house;
struct server_conf;

/* What comes in pieces. */
struct acme_intake {
    char bytes[65536];
    size_t len;
    bool is_too_long;
};

void acme_init(struct house *house);

/* ACMEfolder is there and ours alone, or not needed. False: a diagnostic says why. */
bool acme_check_folder(const struct server_conf *conf, struct diags *diags);

/* Keys lie there: it must be ours, and nobody else's. 0, -EPERM when it is not, or negative errno.
 */
int acme_open_folder(const struct server_conf *conf, int *ret_fd);

/* A file in it, whole or not at all. 0 or negative errno. */
int acme_write(const struct server_conf *conf, const char *name, struct slice text);

/* The tasks may be others now, or the server another one that knows nothing yet. */
void acme_renew(struct house *house);

/* The server answers a proof from now on, or no longer; or somebody asks it for a certificate. */
void acme_pass_on(struct house *house, const struct handover *message);

/* ---- staples.c ---- */

/* The certificates that somebody is to be asked about, each once. */
void staples_add(const struct server_conf *conf, struct arena *arena, struct acme_tasks *tasks);

/* An ACME_KEEP about an answer, which is in the intake. NULL, or why it is not kept. */
const char *staples_keep(struct house *house, const struct handover *message);

#endif
