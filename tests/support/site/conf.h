#ifndef TESTS_SITE_CONF_H
#define TESTS_SITE_CONF_H

/*
 * A model made by hand: hosts, sections and handlers in a few lines, then a snapshot of it.
 */
#include "base/arena.h"
#include "config/model.h"
#include "site/snapshot.h"

struct conf {
    struct arena *arena; /* goes to the snapshot */
    struct server_conf *server;
    struct vhost_conf **last_host;
    struct fastcgi_conf **last_section;
};

void conf_make(struct conf *conf);

/* "a b c" as a list; NULL for an empty text. */
struct conf_word *conf_words(struct conf *conf, const char *text);

/* `names` and `start_files` as for conf_words(); root may be NULL. The first is the default host.
 */
struct vhost_conf *conf_host(struct conf *conf, const char *names, const char *root);

/* NULL extensions: every request. */
struct fastcgi_conf *conf_section(struct conf *conf, const char *extensions, bool all_local);
void conf_use(struct conf *conf, struct vhost_conf *host, struct fastcgi_conf *section);

/* Numbered as they come. `file` "": an Alias. */
struct alias_conf *conf_alias(struct conf *conf, struct vhost_conf *host, const char *url,
                              const char *folder, const char *file);

/* A Directory that the host uses, after those it has. CONF_GIVE() tells that a member of its
 * `folder` is given. */
struct directory_conf *conf_directory(struct conf *conf, struct vhost_conf *host,
                                      const char *paths);
void conf_give(struct conf *conf, struct directory_conf *directory, size_t offset, size_t size);
#define CONF_GIVE(conf, directory, member, value)                                                  \
    ((directory)->folder.member = (value),                                                         \
     conf_give((conf), (directory), offsetof(struct folder_conf, member),                          \
               sizeof((directory)->folder.member)))

struct cgi_handler_conf *conf_handler(struct conf *conf, struct cgi_handler_conf **list,
                                      const char *program, const char *extensions);

/* The other way: a snapshot of a configuration in the block form, which must be faultless. */
struct snapshot *conf_text_snapshot(const char *text);

/* What build does: indices, handlers, rule numbers. The conf must not be changed afterwards. */
struct snapshot *conf_snapshot(struct conf *conf);

#endif
