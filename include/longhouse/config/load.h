#ifndef CONFIG_LOAD_H
#define CONFIG_LOAD_H

/*
 * Texts in, model or diagnostics out. The whole path: read (block form, YAML or thttpd's) -> tree
 * -> build by the option rows -> checks. A pure function of the texts that the source gives: two
 * processes that load the same texts get the same model.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "config/model.h"
#include "config/read_block.h"
#include "config/run_as.h"

#include <stdbool.h>

struct load_ask;

struct load {
    struct arena *arena; /* borrowed: the model lives here */
    struct diags *diags; /* borrowed */
    struct source *source;
    struct load_ask *ask; /* NULL: nothing on the disk is asked for; see load_check_disk() */
};

/* The first step alone: texts to a tree, includes and all. False for a text that cannot be read at
 * all; that is said. */
bool load_tree(const struct load *load, const struct source_text *main, struct tree *ret);

/* NULL when there was at least one error; the diagnostics say which. */
struct server_conf *load_config(const struct load *load, const struct source_text *main);

/*
 * Checks that touch the disk, asked by the supervisor and by `check`, never by the server: website
 * roots exist and are folders, interpreters exist and are executable, log folders exist, socket
 * paths exist, the user exists. Adds warnings and errors. `ask` answers, so that tests need no
 * disk.
 */
struct load_ceilings { /* what setrlimit(2) allows this process at most */
    uint64_t memory_bytes;
    uint64_t processes;
    uint64_t files;
};
struct load_socket { /* a unix socket, as connect(2) sees it */
    bool is_socket;
    bool may_connect; /* of the account that was asked for */
    uint32_t owner;
};
struct load_certificate {  /* what is in two PEM texts, and what an authority says of them */
    const char *fault;     /* NULL: it can be used. Valid until the next question */
    int64_t days_left;     /* until it expires; below 0: it has */
    const char *gap;       /* what its chain lacks; NULL: nothing. Valid likewise */
    const char *unstapled; /* why that cannot be shown; NULL: it can, or there is none. Likewise */
    const char *unaskable; /* why no authority can be asked; NULL: one can. Likewise */
    bool must_staple;      /* clients refuse it without an answer of its authority (OCSP) */
};
struct load_authority { /* who vouches for clients, and the lists of revoked ones */
    const char *fault;  /* NULL: it can be used. Valid until the next question */
    int64_t days_left;  /* until a list runs out; below 0: it has */
};
struct load_ask {
    /* NULL: nobody here can tell. */
    void (*certificate)(struct load_ask *ask, struct slice certificates, struct slice key,
                        struct slice staple, struct load_certificate *ret);
    /* Whether it holds for this name of a host. */
    bool (*certificate_covers)(struct load_ask *ask, struct slice certificates, struct slice name);
    /* Of the PEM texts of RequiredCA; `revoked` may be empty. */
    void (*authority)(struct load_ask *ask, struct slice certificates, struct slice revoked,
                      struct load_authority *ret);
    /* 0 or negative errno; *ret_mode as in stat. */
    int (*stat)(struct load_ask *ask, const char *path, unsigned *ret_mode);
    int (*executable)(struct load_ask *ask, const char *path); /* 0 or negative errno */
    bool (*user_known)(struct load_ask *ask, const char *user);
    bool (*is_root)(struct load_ask *ask);
    uint64_t (*capabilities)(struct load_ask *ask); /* bits: a root may lack some (containers) */
    /* See account_find(). */
    const char *(*account)(struct load_ask *ask, struct slice user, const struct conf_word *groups,
                           struct arena *arena, struct account *ret);
    struct load_ceilings (*ceilings)(struct load_ask *ask);
    /* Whether a house can be made in this folder of control groups (NULL: in our own): 0, or as
     * cgroup_find_base() says; *ret_controllers: enum cgroup_controller. */
    int (*cgroup)(struct load_ask *ask, const char *wanted, unsigned *ret_controllers);
    int (*landlock)(struct load_ask *ask); /* landlock_abi() */
    /* Whether the folder itself can be passed, or is not there. `as`: by whom; NULL: by this
     * process. */
    bool (*may_pass)(struct load_ask *ask, const char *path, const struct account *as);
    /* Whether a .htpasswd lies in the folder or below it; *ret_path: the first that was found. */
    bool (*find_htpasswd)(struct load_ask *ask, const char *folder, char *ret_path, size_t room);
    /* 0 or negative errno. `as`: who would connect; NULL: this process. */
    int (*socket)(struct load_ask *ask, const char *path, const struct account *as,
                  struct load_socket *ret);
    /* What a file holds (at most 16 MiB). 0 or negative errno; -EACCES: `as` may not read it. */
    int (*text)(struct load_ask *ask, const char *path, const struct account *as,
                struct arena *arena, struct slice *ret);
};
void load_check_disk(const struct server_conf *conf, struct load_ask *ask, struct diags *diags);
struct load_ask *load_ask_disk(void); /* the real one */

/* ---- texts from the disk, and the same texts in one piece of memory ---- */

/*
 * Opens -c: a file, or a folder in which the first of longhouse.conf, longhouse.yaml,
 * hiawatha.conf, thttpd.conf is taken. Returns the main text and a source that reads (and
 * remembers) further ones; NULL with *ret_why.
 */
struct disk_source;
struct source_text *disk_source_open(const char *path, struct arena *arena, struct source **ret,
                                     const char **ret_why);

/*
 * The same around a main text that is already there; relative paths begin at the current folder.
 */
struct source_text *disk_source_with(const char *name, struct slice bytes, struct arena *arena,
                                     struct source **ret, const char **ret_why);

/*
 * All texts a load has read, as one block of bytes (the bundle), and back: bundle_open() gives the
 * main text and a source that answers from the bundle only.
 */
void bundle_write(struct source *disk, const struct source_text *main, char **ret_data,
                  size_t *ret_len); /* malloc'd */
struct source_text *bundle_open(struct slice bundle, struct arena *arena, struct source **ret);

/*
 * The same, but the files `anew` (and those that the bundle lacks) are read from the disk: so one
 * file takes the place of its former content, whatever has become of the others meanwhile.
 */
struct source_text *bundle_open_anew(struct slice bundle, const struct tls_conf *anew,
                                     struct arena *arena, struct source **ret);

#endif
