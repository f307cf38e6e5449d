#include "config/load.h"

#include "base/number.h"
#include "build.h"
#include "config/read_thttpd.h"
#include "config/read_yaml.h"

static bool is_of_thttpd(const struct source_text *text)
{
    return !yaml_recognise(text) && thttpd_recognise(text);
}

bool load_tree(const struct load *load, const struct source_text *text, struct tree *ret)
{
    if (yaml_recognise(text))
        return read_yaml(text, load->source, load->arena, load->diags, ret);
    if (is_of_thttpd(text))
        read_thttpd(text, load->source, load->arena, load->diags, ret);
    else
        read_block(text, load->source, load->arena, load->diags, ret);
    return true;
}

/* The media types: a file that is named must be there; mimetype.conf is taken when it is. */
static void load_mimetypes(const struct load *load, struct build *build)
{
    struct server_conf *conf = build->conf;
    bool named = conf->mimetype_config.len > 0;
    const char *why;

    const struct source_text *text = source_find_file(
        load->source, load->arena, named ? conf->mimetype_config : SLICE("mimetype.conf"), &why);
    if (text) {
        conf->mimetype_text = text->text;
    } else if (named) {
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &build->mimetype_place,
                           "cannot read the media types from '%.*s': %s",
                           SLICE_ARGS(conf->mimetype_config), why),
                  "leave MimetypeConfig out for the built-in table");
    }
}

static void load_session_key(const struct load *load, struct build *build)
{
    struct server_conf *conf = build->conf;
    const struct diag_place *place = &build->session_key_place;
    const char *why;

    if (conf->session_key_file.len == 0)
        return;
    const struct source_text *text =
        source_find_file(load->source, load->arena, conf->session_key_file, &why);
    if (text) {
        session_key_take(load->diags, place, text->text, conf);
        return;
    }
    diag_hint(load->diags,
              diag_add(load->diags, DIAG_ERROR, place, "cannot read the key from '%.*s': %s",
                       SLICE_ARGS(conf->session_key_file), why),
              "make one with: openssl rand -hex 32");
}

static bool has_pair(const struct conf_pair *pair, struct slice name)
{
    for (; pair; pair = pair->next)
        if (slice_equal(pair->name, name))
            return true;
    return false;
}

/* PassEnv becomes Setenv: of one name the first counts, and Setenv comes first. */
static void load_pass_env(const struct load *load, const struct build *build)
{
    for (const struct mention *mention = build->pass_env.first; mention; mention = mention->next) {
        struct vhost_conf *host = mention->owner;
        struct slice value;

        if (has_pair(host->folder.setenv, mention->text))
            continue;
        if (source_variable(load->source, load->arena, mention->text, &value))
            pairs_add(load->arena, &host->folder.setenv, mention->text, value);
        else
            diag_hint(load->diags,
                      diag_add(load->diags, DIAG_WARNING, &mention->place,
                               "there is no variable '%.*s' to pass on", SLICE_ARGS(mention->text)),
                      "it must be in the environment that Longhouse is started in");
    }
}

struct server_conf *load_config(const struct load *load, const struct source_text *main)
{
    unsigned errors_before = load->diags->errors;
    struct build build;
    struct tree tree;

    if (!load_tree(load, main, &tree))
        return NULL;

    build_init(&build, load->arena, load->diags, main->name);
    build_run(&build, &tree);
    build.conf->from_thttpd = is_of_thttpd(main);
    check_run(&build);
    load_mimetypes(load, &build);
    load_session_key(load, &build);
    load_automatic(load, build.conf);
    load_certificates(load, build.conf);
    load_staples(load, build.conf);
    load_trust(load, build.conf);
    load_hashes(load, build.conf);
    load_pass_env(load, &build);
    wrapper_load(load, &build);
    programs_number(&build); /* for each identity */
    users_load(load, build.conf);
    pools_number(&build);
    check_php_settings(&build);
    check_cache(&build);
    check_kept(&build);
    check_logs(&build);
    check_reach(&build);
    if (load->ask) /* whatever was wrong above: all faults at once */
        load_check_disk(build.conf, load->ask, load->diags);
    return load->diags->errors == errors_before ? build.conf : NULL;
}
