#ifndef ACME_H
#define ACME_H

/*
 * The program that gets certificates from an authority, for hosts with AutoTLS: it is told what
 * there is and what is to be got, and what it got is written into ACMEfolder, where renewal.c finds
 * it.
 */
#include <stdbool.h>
#include <stddef.h>

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

/* The tasks may be others now, or the server another one that knows nothing yet. */
void acme_renew(struct house *house);

/* The server answers a proof from now on, or no longer; or somebody asks it for a certificate. */
void acme_pass_on(struct house *house, const struct handover *message);

#endif
