#ifndef CONFIG_SSH_CONF_H
#define CONFIG_SSH_CONF_H

/*
 * TunnelSSH: who reaches the SSH server of this machine by CONNECT. Part of the model.
 */
#include "base/diag.h"
#include "base/slice.h"
#include "config/conf_lists.h"

#include <stdbool.h>

struct ssh_conf {
    bool is_on;
    struct diag_place place;
    struct conf_net *clients; /* who needs no password; NULL: nobody */
    struct slice user;        /* the one that everybody else has to be; empty: nobody else may */
    struct slice password;
};

#endif
