#include "config/hash_list.h"

#include "base/encode.h"
#include "build.h"
#include "config/load.h"

#include <string.h>

#define DIGITS      ((size_t)2 * CONF_HASH_LEN)
#define FAULTS_MOST 10u /* lines of one file that are told */

static bool read_digits(struct slice digits, unsigned char ret[CONF_HASH_LEN])
{
    for (size_t i = 0; i < CONF_HASH_LEN; i++) {
        const int high = hex_digit(digits.at[2 * i]);
        const int low = hex_digit(digits.at[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        ret[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

const char *hash_line_parse(struct slice line, struct slice *ret_name,
                            unsigned char ret_sum[CONF_HASH_LEN])
{
    line = slice_trim_space(line);
    *ret_name = (struct slice){ 0 };
    if (line.len == 0 || line.at[0] == '#')
        return NULL;
    if (line.len <= DIGITS || !read_digits(line, ret_sum))
        return "it does not begin with 64 hexadecimal digits";
    line = slice_skip(line, DIGITS);
    if (line.at[0] != ':' && line.at[0] != ' ' && line.at[0] != '\t')
        return "there are more than 64 hexadecimal digits";
    const bool summed = line.at[0] != ':';
    line = slice_trim_space(slice_skip(line, 1));
    if (summed && slice_starts(line, SLICE("*"))) /* sha256sum --binary */
        line = slice_skip(line, 1);
    while (slice_starts(line, SLICE("./")))
        line = slice_skip(line, 2);
    if (line.len == 0)
        return "no file is named behind the hash";
    *ret_name = line;
    return NULL;
}

/* ---- the whole file ---- */

/* One file on its way into a host. */
struct listing {
    const struct load *load;
    struct vhost_conf *host;
    const char *name;
    unsigned line;
    unsigned faults;
};

static void tell(struct listing *listing, struct slice line, const char *why)
{
    const struct diag_place place = { .file = listing->name, .line = listing->line, .text = line };

    if (++listing->faults > FAULTS_MOST)
        return;
    diag_hint(listing->load->diags,
              diag_add(listing->load->diags, DIAG_ERROR, &place, "FileHashes: %s", why),
              "make the file anew, in the WebsiteRoot: find . -type f -exec sha256sum {} +");
}

static struct slice absolute(const struct listing *listing, struct slice name)
{
    const struct slice parts[] = { listing->host->website_root, SLICE("/"), name };

    return name.at[0] == '/' ? name : arena_join(listing->load->arena, parts, 3);
}

static void add_line(struct listing *listing, struct slice line)
{
    struct vhost_conf *host = listing->host;
    struct conf_hash *hash = &host->hashes[host->hash_count];
    struct slice name;

    listing->line++;
    const char *why = hash_line_parse(line, &name, hash->sum);
    if (why)
        tell(listing, line, why);
    if (why || name.len == 0)
        return;
    hash->path = absolute(listing, name);
    host->hash_count++;
}

static size_t count_lines(struct slice text)
{
    size_t count = 1;

    for (size_t i = 0; i < text.len; i++)
        count += text.at[i] == '\n';
    return count;
}

static void fault_file(const struct load *load, const struct vhost_conf *host, const char *why)
{
    diag_hint(load->diags,
              diag_add(load->diags, DIAG_ERROR, &host->file_hashes_place,
                       "cannot use the FileHashes '%.*s': %s", SLICE_ARGS(host->file_hashes), why),
              "make it in the WebsiteRoot: find . -type f -exec sha256sum {} + > FILE, and keep it "
              "where nobody else may write");
}

static void load_host(const struct load *load, struct vhost_conf *host)
{
    const char *why;
    const struct source_text *text =
        source_find_file(load->source, load->arena, host->file_hashes, &why);
    struct slice rest;
    struct slice line;

    if (!text) {
        fault_file(load, host, why);
        return;
    }
    struct listing listing = { .load = load, .host = host, .name = text->name };
    host->hashes = arena_array(load->arena, struct conf_hash, count_lines(text->text));
    for (rest = text->text; rest.len > 0;) {
        slice_cut(rest, '\n', &line, &rest);
        add_line(&listing, line);
    }
    if (host->hash_count == 0 && listing.faults == 0)
        fault_file(load, host, "no file is named in it, so that none would be sent");
}

void load_hashes(const struct load *load, const struct server_conf *conf)
{
    for (struct vhost_conf *host = conf->hosts; host; host = host->next)
        if (host->file_hashes.len > 0)
            load_host(load, host);
}
