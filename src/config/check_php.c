/*
 * Settings that php-fpm takes from a request stay with its worker for the rest of the worker's
 * life: hosts that send different ones must not share a pool.
 */
#include "build.h"

static const struct slice settings[] = { SLICE_INIT("PHP_VALUE"), SLICE_INIT("PHP_ADMIN_VALUE") };

/* Of one name the first counts. */
static struct slice value_of(const struct conf_pair *pair, struct slice name)
{
    for (; pair; pair = pair->next)
        if (slice_equal(pair->name, name))
            return pair->value;
    return (struct slice){ 0 };
}

/* A folder of its own settings on a host that uses any pool. */
static void warn_about_folder(struct build *build, const struct directory_conf *directory,
                              struct slice name)
{
    diag_hint(build->diags,
              diag_add(build->diags, DIAG_WARNING, &directory->place,
                       "the Directory '%.*s' has a PHP setting of its own (Setenv %.*s)",
                       SLICE_ARGS(directory->id), SLICE_ARGS(name)),
              "a php-fpm worker keeps such a setting for all its later requests, whatever they "
              "are for: write it in a .user.ini, or use a host with a pool of its own");
}

static void check_folders(struct build *build, const struct vhost_conf *host)
{
    for (unsigned i = 0; i < host->directory_count; i++) {
        const struct directory_conf *directory = host->directories[i];

        for (size_t j = 0; j < sizeof(settings) / sizeof(settings[0]); j++) {
            struct slice value = value_of(directory->folder.setenv, settings[j]);

            if (value.len > 0 && host->use_fastcgi_count > 0 &&
                !slice_equal(value, value_of(host->folder.setenv, settings[j])))
                warn_about_folder(build, directory, settings[j]);
        }
    }
}

static void warn(struct build *build, const struct vhost_conf *host,
                 const struct vhost_conf *earlier, struct slice name,
                 const struct connect_conf *pool)
{
    diag_hint(build->diags,
              diag_add(build->diags, DIAG_WARNING, &host->place,
                       "the PHP settings of this host (Setenv %.*s) are others than those of the "
                       "host at %s:%u, and both use the pool %.*s",
                       SLICE_ARGS(name), earlier->place.file, earlier->place.line,
                       SLICE_ARGS(pool->text)),
              "a php-fpm worker keeps such a setting for all its later requests, whoever they are "
              "for: give each host a pool and a FastCGIserver of its own");
}

/* True: they differ, which is told. */
static bool compare(struct build *build, const struct vhost_conf *host,
                    const struct vhost_conf *earlier, const struct connect_conf *pool)
{
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (slice_equal(value_of(host->folder.setenv, settings[i]),
                        value_of(earlier->folder.setenv, settings[i])))
            continue;
        warn(build, host, earlier, settings[i], pool);
        return true;
    }
    return false;
}

/* `users`: who used a target first. Once is enough for a host. */
static void check_host(struct build *build, struct table *users, struct vhost_conf *host)
{
    bool told = false;

    check_folders(build, host);
    for (unsigned i = 0; i < host->use_fastcgi_count; i++) {
        const struct fastcgi_conf *section = host->use_fastcgi[i];

        for (const struct connect_conf *pool = section->targets; pool; pool = pool->next) {
            const struct vhost_conf *earlier = table_find(users, pool->text);

            if (!earlier)
                table_put(users, pool->text, host);
            else if (!told)
                told = compare(build, host, earlier, pool);
        }
    }
}

void check_php_settings(struct build *build)
{
    struct table users = { 0 };

    for (struct vhost_conf *host = build->conf->hosts; host; host = host->next)
        check_host(build, &users, host);
    table_done(&users);
}
