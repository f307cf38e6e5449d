#include "config/hash_list.h"

#include "config/text_source.h"
#include "slice_assert.h"
#include "suite.h"

#include <stdio.h>

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct {
    const char *line;
    const char *name;
    const char *why; /* NULL: it is good */
} lines[] = {
    { EMPTY ":index.html", "index.html", NULL },
    { EMPTY "  ./a/b.txt", "a/b.txt", NULL },
    { EMPTY " *bin/tool", "bin/tool", NULL },
    { EMPTY "  /srv/www/x y.txt\r", "/srv/www/x y.txt", NULL },
    { EMPTY ":*star", "*star", NULL },
    { "", "", NULL },
    { "  ", "", NULL },
    { "# a remark", "", NULL },
    { "index.html", NULL, "it does not begin with 64 hexadecimal digits" },
    { EMPTY, NULL, "it does not begin with 64 hexadecimal digits" },
    { "g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855:a", NULL,
      "it does not begin with 64 hexadecimal digits" },
    { EMPTY "00:a", NULL, "there are more than 64 hexadecimal digits" },
    { EMPTY ":", NULL, "no file is named behind the hash" },
    { EMPTY "  ./", NULL, "no file is named behind the hash" },
};

START_TEST(a_line_is_read)
{
    unsigned char sum[CONF_HASH_LEN] = { 0 };
    struct slice name;
    const char *why = hash_line_parse(slice_cstr(lines[_i].line), &name, sum);

    if (lines[_i].why) {
        ck_assert_ptr_nonnull(why);
        ck_assert_str_eq(why, lines[_i].why);
        return;
    }
    ck_assert_ptr_null(why);
    assert_slice(name, lines[_i].name);
    if (name.len > 0) {
        ck_assert_uint_eq(sum[0], 0xe3);
        ck_assert_uint_eq(sum[31], 0x55);
    }
}
END_TEST

#define SITE "Hostname = a\nWebsiteRoot = /srv\nBinding {\nPort = 80\n}\nFileHashes = hashes.txt\n"

static const struct {
    const char *list; /* NULL: there is no such file */
    const char *says; /* of the first fault; NULL: none */
} files[] = {
    { EMPTY ":a.txt\n\n# x\n" EMPTY "  /elsewhere/b.txt\n", NULL },
    { NULL, "longhouse.conf:6 cannot use the FileHashes 'hashes.txt': " },
    { "\n# nothing\n",
      "longhouse.conf:6 cannot use the FileHashes 'hashes.txt': no file is named" },
    { EMPTY ":a.txt\nb.txt\n", "hashes.txt:2 FileHashes: it does not begin with 64 hexadecimal" },
};

START_TEST(a_file_is_read_with_the_configuration)
{
    const struct text_file texts[] = { { "longhouse.conf", SITE },
                                       { "hashes.txt", files[_i].list ? files[_i].list : "" } };
    struct loaded loaded;
    char said[300] = "";

    loaded_files(&loaded, texts, files[_i].list ? 2 : 1);
    const struct diag *diag = loaded.diags.first;
    if (!files[_i].says) {
        ck_assert_ptr_null(diag);
        const struct vhost_conf *host = loaded.conf->hosts;
        ck_assert_uint_eq(host->hash_count, 2);
        assert_slice(host->hashes[0].path, "/srv/a.txt");
        assert_slice(host->hashes[1].path, "/elsewhere/b.txt");
    } else {
        ck_assert_ptr_null(loaded.conf);
        snprintf(said, sizeof(said), "%s:%u %.*s", diag->place.file, diag->place.line,
                 SLICE_ARGS(diag->message));
        ck_assert_msg(strncmp(said, files[_i].says, strlen(files[_i].says)) == 0, "%s", said);
        ck_assert_uint_gt(diag->hint.len, 0);
    }
    loaded_done(&loaded);
}
END_TEST

SUITE("hash_list", LOOP(a_line_is_read, lines), LOOP(a_file_is_read_with_the_configuration, files))
