#include "site/conf.h"

#include "config/roots.h"

#include <stdlib.h>

void conf_make(struct conf *conf)
{
    conf->arena = calloc(1, sizeof(*conf->arena));
    if (!conf->arena)
        abort();
    conf->server = arena_new(conf->arena, struct server_conf);
    conf->last_host = &conf->server->hosts;
    conf->last_section = &conf->server->fastcgi;
}

static struct slice keep(struct conf *conf, const char *text)
{
    return slice_cstr(arena_cstr(conf->arena, slice_cstr(text)));
}

struct conf_word *conf_words(struct conf *conf, const char *text)
{
    struct conf_word *first = NULL;
    struct conf_word **end = &first;
    struct slice rest = slice_cstr(text);
    struct slice item;

    while (slice_next(&rest, ' ', &item)) {
        struct conf_word *word = arena_new(conf->arena, struct conf_word);

        word->text = arena_copy(conf->arena, item);
        *end = word;
        end = &word->next;
    }
    return first;
}

struct vhost_conf *conf_host(struct conf *conf, const char *names, const char *root)
{
    struct vhost_conf *host = arena_new(conf->arena, struct vhost_conf);

    host->hostnames = conf_words(conf, names);
    host->website_root = keep(conf, root ? root : "");
    host->folder.start_files = conf_words(conf, "index.html");
    host->charset = SLICE("utf-8");
    *conf->last_host = host;
    conf->last_host = &host->next;
    return host;
}

struct fastcgi_conf *conf_section(struct conf *conf, const char *extensions, bool all_local)
{
    struct fastcgi_conf *section = arena_new(conf->arena, struct fastcgi_conf);

    section->extensions = extensions ? conf_words(conf, extensions) : NULL;
    section->all_local = all_local;
    section->index = conf->server->fastcgi_count++;
    *conf->last_section = section;
    conf->last_section = &section->next;
    return section;
}

void conf_use(struct conf *conf, struct vhost_conf *host, struct fastcgi_conf *section)
{
    unsigned count = host->use_fastcgi_count++;
    struct fastcgi_conf **all =
        arena_array(conf->arena, struct fastcgi_conf *, host->use_fastcgi_count);

    if (count > 0)
        memcpy(all, host->use_fastcgi, count * sizeof(*all));
    all[count] = section;
    host->use_fastcgi = all;
}

struct alias_conf *conf_alias(struct conf *conf, struct vhost_conf *host, const char *url,
                              const char *folder, const char *file)
{
    struct alias_conf *alias = arena_new(conf->arena, struct alias_conf);

    *alias = (struct alias_conf){ .next = host->aliases,
                                  .number = ++host->alias_count,
                                  .url = keep(conf, url),
                                  .folder = keep(conf, folder),
                                  .file = keep(conf, file) };
    host->aliases = alias;
    return alias;
}

struct directory_conf *conf_directory(struct conf *conf, struct vhost_conf *host, const char *paths)
{
    struct directory_conf *directory = arena_new(conf->arena, struct directory_conf);
    unsigned count = host->directory_count++;
    struct directory_conf **all =
        arena_array(conf->arena, struct directory_conf *, host->directory_count);

    directory->paths = conf_words(conf, paths);
    if (count > 0)
        memcpy(all, host->directories, count * sizeof(*all));
    all[count] = directory;
    host->directories = all;
    return directory;
}

void conf_give(struct conf *conf, struct directory_conf *directory, size_t offset, size_t size)
{
    struct folder_given *given = arena_new(conf->arena, struct folder_given);

    *given = (struct folder_given){ .next = directory->given, .offset = offset, .size = size };
    directory->given = given;
}

struct cgi_handler_conf *conf_handler(struct conf *conf, struct cgi_handler_conf **list,
                                      const char *program, const char *extensions)
{
    struct cgi_handler_conf *handler = arena_new(conf->arena, struct cgi_handler_conf);

    handler->program = keep(conf, program);
    handler->extensions = conf_words(conf, extensions);
    handler->next = *list; /* newest first */
    *list = handler;
    return handler;
}

static unsigned count_handlers(const struct cgi_handler_conf *handler)
{
    unsigned count = 0;

    for (; handler; handler = handler->next)
        count++;
    return count;
}

static void join_handlers(struct conf *conf, struct vhost_conf *host)
{
    struct cgi_handler_conf *lists[] = { host->cgi_handlers, conf->server->cgi_handlers };
    unsigned most = count_handlers(lists[0]) + count_handlers(lists[1]);

    host->handlers = arena_array(conf->arena, struct cgi_handler_conf *, most);
    for (int i = 0; i < 2; i++) {
        for (struct cgi_handler_conf *handler = lists[i]; handler; handler = handler->next)
            host->handlers[host->handler_count++] = handler;
    }
}

struct snapshot *conf_snapshot(struct conf *conf)
{
    unsigned rule = 0;

    for (struct vhost_conf *host = conf->server->hosts; host; host = host->next) {
        host->index = conf->server->host_count++;
        join_handlers(conf, host);
        host->rule_base = rule;
        rule += roots_rules(host);
    }
    return snapshot_build(conf->server, conf->arena, NULL);
}
