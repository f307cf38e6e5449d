#ifndef RENEWAL_H
#define RENEWAL_H

/*
 * Certificates whose files change: looks once a second whether the files of certificates and keys
 * are others than those in use, by whatever means: written, renamed into place, another link in
 * their path. When they have rested from one look to the next, they take the place of the former
 * ones, those of one host at a time: so what is wrong with one keeps no other from being renewed.
 */
#include "base/arena.h"
#include "base/table.h"
#include "loop/loop.h"

#include <stdint.h>

struct house;

struct renewal {
    struct timer timer;
    struct task task;
    uint64_t look;      /* number of the last one */
    struct table marks; /* by the paths of certificates and keys: struct renewal_mark */
    struct arena arena; /* of the marks */
};

void renewal_init(struct renewal *renewal);

/* Looks from now on, if there are certificates. */
void renewal_begin(struct house *house);

/* What was looked at is looked at again: a process died while it was taken over. */
void renewal_try_again(struct house *house);
void renewal_close(struct house *house);

#endif
