#ifndef CONFIG_SUMMARY_H
#define CONFIG_SUMMARY_H

/*
 * What a configuration amounts to, for people: bindings, hosts with their roots, websites of
 * accounts, handlers and FastCGI sections as aligned tables.
 */
#include "config/model.h"

#include <stdbool.h>
#include <stdio.h>

/*
 * `answers` says whether a FastCGI socket takes a connection now, and if not why (a text that
 * outlives the call); NULL: nobody is asked and the column is left out.
 */
void summary_print(const struct server_conf *conf, FILE *out,
                   bool (*answers)(const struct connect_conf *target, const char **ret_why));

#endif
