#ifndef CONFIG_CONF_LISTS_H
#define CONFIG_CONF_LISTS_H

/*
 * Lists that options fill in, linked in the order of the text. Part of the model.
 */
#include "base/address.h"
#include "base/diag.h"
#include "base/slice.h"

#include <stdbool.h>

/* A list of texts (host names, extensions, start files ...). */
struct conf_word {
    struct conf_word *next;
    struct slice text;
};

/* A folder by its absolute path, without trailing slash. */
struct conf_folder {
    struct conf_folder *next;
    struct slice path;
    struct diag_place place;
};

/* NAME = VALUE or NAME: VALUE */
struct conf_pair {
    struct conf_pair *next;
    struct slice name;
    struct slice value;
};

/* A list of networks. */
struct conf_net {
    struct conf_net *next;
    struct address_net net;
};

bool conf_nets_hold(const struct conf_net *nets, const union socket_address *address);

#endif
