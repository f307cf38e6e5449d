#ifndef IPC_SPAWN_H
#define IPC_SPAWN_H

/*
 * What server and spawner say to each other, one datagram a message. Pure codec.
 *
 *   server -> spawner   ASK {token, generation, rule, account, script, environment} [+ a file as
 *                       stdin]
 *                       KILL {token}
 *                       LOOK {token}
 *   spawner -> server   STARTED {token, pid} + [stdin] stdout stderr (our ends of the pipes); not
 *                       before it matters: perhaps together with EXITED
 *                       FAILED {token, stage, errno}
 *                       EXITED {token, status, used, family_left}
 *                       SEEN {token, text}: the answer to LOOK, unless the program is gone
 *
 * The server names a rule, and where the rule is for them an account of the policy; never a
 * program, a user or a root: those come from the policy that the spawner has from the supervisor.
 * The pipes are made by the spawner, so that a start costs a reactor one sendmsg.
 */
#include "base/parse.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#define SPAWN_MESSAGE_MOST ((size_t)192 * 1024) /* bytes of one datagram */
#define SPAWN_SEEN_MOST    3072u                /* bytes of the text in SEEN */

enum spawn_stdin {
    SPAWN_STDIN_NONE, /* /dev/null */
    SPAWN_STDIN_PIPE, /* the spawner makes a pipe; STARTED brings its writing end first */
    SPAWN_STDIN_FILE, /* the descriptor that came with ASK */
};

enum spawn_kind {
    SPAWN_ASK = 1,
    SPAWN_KILL,
    SPAWN_STARTED,
    SPAWN_FAILED,
    SPAWN_EXITED,
    SPAWN_LOOK,
    SPAWN_SEEN,
};

/* Where a start failed. */
enum spawn_stage {
    SPAWN_STAGE_RULE,    /* the policy has no such rule */
    SPAWN_STAGE_SCRIPT,  /* the script is not there, leaves the root, or is no regular file */
    SPAWN_STAGE_FOLDER,  /* its folder cannot be entered */
    SPAWN_STAGE_PIPES,   /* no descriptors left */
    SPAWN_STAGE_PROCESS, /* no process to be had */
    SPAWN_STAGE_EXEC,   /* execve failed: not executable, bad interpreter, argument list too long */
    SPAWN_STAGE_OWNER,  /* it may not run as the user of its rule: enum spawn_refusal says why */
    SPAWN_STAGE_LIMITS, /* its limits cannot be set */
    SPAWN_STAGE_USER,   /* it cannot become the user of its rule */
    SPAWN_STAGE_GROUP,  /* it cannot be in a control group of its own, with its limits */
    SPAWN_STAGE_SANDBOX, /* its sandbox cannot be closed */
    SPAWN_STAGE_CHROOT,  /* its root directory cannot be changed */
    SPAWN_STAGE_GONE,    /* the spawner itself went away (said by the client side only) */
};

/* The `error` of SPAWN_STAGE_OWNER. */
enum spawn_refusal {
    SPAWN_REFUSED_OUTSIDE = 1,
    SPAWN_REFUSED_SCRIPT_OWNER,
    SPAWN_REFUSED_SCRIPT_WRITABLE,
    SPAWN_REFUSED_SCRIPT_SET_ID,
    SPAWN_REFUSED_FOLDER_OWNER,
    SPAWN_REFUSED_FOLDER_WRITABLE,
};

struct spawn_ask {
    uint32_t token; /* chosen by the server; unique among its living programs of this channel */
    uint32_t generation; /* of the policy that numbers the rule */
    uint32_t rule;
    uint32_t account; /* whose script it is, for a rule for accounts: from 1 on; 0: for others */
    enum spawn_stdin stdin_kind;
    struct slice script;      /* relative to the rule's root, no leading slash */
    struct slice environment; /* "NAME=value\0NAME=value\0": each entry ends with NUL */
    struct slice arguments;   /* behind the script: "word\0word\0"; none begins with '-' */
};

struct spawn_started {
    uint32_t token;
    int32_t pid;
    bool has_stdin;
};

struct spawn_failed {
    uint32_t token;
    enum spawn_stage stage;
    int32_t error; /* errno */
};

struct spawn_exited {
    uint32_t token;
    int32_t status;  /* as waitpid() gives it */
    uint64_t cpu_us; /* user and system, with waited-for children */
    uint64_t peak_kib;
    bool family_left; /* others of its process group still live: KILL ends them */
};

/* What the processes of a program do, in words for a log. */
struct spawn_seen {
    uint32_t token;
    struct slice text; /* no control bytes; empty: none of them was there any more */
};

struct spawn_message {
    enum spawn_kind kind;
    union {
        struct spawn_ask ask;
        uint32_t kill_token;
        struct spawn_started started;
        struct spawn_failed failed;
        struct spawn_exited exited;
        uint32_t look_token;
        struct spawn_seen seen;
    };
};

#define SPAWN_HEAD_MOST  64
#define SPAWN_PARTS_MOST 4

/*
 * Writes the fixed part of a message into `head` and lists the parts to send in `parts` (which
 * point into `head` and into the message's slices). Returns the number of parts, or -EMSGSIZE when
 * the whole is over SPAWN_MESSAGE_MOST.
 */
int spawn_encode(const struct spawn_message *message, unsigned char head[SPAWN_HEAD_MOST],
                 struct iovec parts[SPAWN_PARTS_MOST]);

/*
 * Reads one datagram; slices point into it. PARSE_BAD for anything that is not exactly one
 * well-formed message (the other side may be an attacker): lengths that do not add up, a script
 * that is absolute, empty or has a '..' segment, NUL inside, an environment that does not end with
 * NUL or has an entry without '=', an argument that begins with '-' or does not end with NUL, a
 * control byte in the text of SEEN.
 */
enum parse spawn_decode(struct slice datagram, struct spawn_message *ret,
                        struct parse_fault *reterr);

const char *spawn_stage_text(enum spawn_stage stage);

/* What is wrong with the script, and what to do about it. */
const char *spawn_refusal_text(int32_t refusal);

#endif
