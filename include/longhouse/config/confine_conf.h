#ifndef CONFIG_CONFINE_CONF_H
#define CONFIG_CONFINE_CONF_H

/*
 * Who programs are, and what they may use and reach. Part of the model.
 */
#include "base/diag.h"
#include "base/slice.h"
#include "config/conf_lists.h"

#include <stdbool.h>
#include <stdint.h>

enum conf_sandbox { SANDBOX_NO, SANDBOX_READONLY, SANDBOX_STRICT };

/* Who a host's programs are, and what they may use; 0: as the server. */
struct confine_conf {
    struct slice user; /* RunAs, or what WrapCGI stands for; empty: the user of the server */
    struct conf_word *groups;
    struct slice
        below; /* WrapCGI: where the scripts must lie; a folder or ~USER; empty: anywhere */
    struct slice chroot; /* WrapCGI: the root directory of the programs; empty: that of the house */
    struct diag_place user_place;
    struct slice wrap_id;
    struct diag_place wrap_place;
    uint64_t memory_bytes;
    uint64_t processes;
    uint64_t files;
    uint64_t cpu_s;
    struct diag_place limits_place; /* of one of them */
    uint64_t group_memory_bytes;    /* these: of all processes of a program together */
    uint64_t group_processes;
    uint64_t cpu_share;
    struct diag_place group_place; /* of one of them */
    uint64_t nice;
    bool has_umask;
    unsigned umask;
    bool no_new_privs;
    enum conf_sandbox sandbox;
    struct conf_folder *sandbox_reads;
    struct conf_folder *sandbox_writes;
    bool sandbox_network;            /* TCP is theirs */
    struct diag_place sandbox_place; /* of Sandbox, or of what needs it */
};

#endif
