/* Options about what happens to files: who may alter them, and what is said when they cannot be
 * meant as they are written. */
#include "config/text_source.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define SITE  "Hostname = a\nWebsiteRoot = /srv\n"
#define PORT  "Binding {\nPort = 80\n}\n"
#define ALTER "Binding {\nPort = 80\nEnableAlter = yes\n}\n"
#define USERS "PasswordFile = basic:/users\n"

static const struct {
    const char *text;
    const char *says; /* "level line:column+span message" of the first, "= hint" behind it */
} sayings[] = {
    { SITE ALTER "AlterList = allow 10.0.0.0/8\nAlterMode = 664\n", "" },
    { SITE ALTER USERS "AlterList = pwd all\n", "" },
    { SITE ALTER "UseDirectory = d\nDirectory {\nDirectoryID = d\nPath = /d\n"
                 "AlterList = allow 10.0.0.0/8\nAlterMode = 600\n}\n",
      "" },
    { SITE PORT "AlterList = allow 10.0.0.0/8\n",
      "warning 1:1+8 host 'a': AlterList has no effect: no Binding has EnableAlter = add to a "
      "Binding: EnableAlter = yes" },
    { SITE ALTER "AlterList = allow all\n",
      "warning 1:1+8 host 'a': AlterList lets everybody on the net write and remove files = name "
      "the networks, or write: AlterList = pwd all" },
    { SITE ALTER, "warning 3:1+7 EnableAlter has no effect: no host or Directory has an AlterList "
                  "= add to a VirtualHost or a Directory: AlterList = pwd all" },
    { SITE ALTER "AlterList = pwd all\n",
      "error 1:1+8 host 'a': AlterList wants a password (pwd), but there is no PasswordFile = add: "
      "PasswordFile = basic:/path/of/users" },
    { SITE ALTER USERS "AlterList = pwd all\nAlterGroup = staff\n",
      "error 1:1+8 host 'a': AlterGroup, but PasswordFile names no file of groups = write: "
      "PasswordFile = basic:/path/of/users, /path/of/groups" },
    { SITE ALTER "AlterList = allow 10.0.0.0/8\nAlterGroup = staff\n",
      "warning 1:1+8 host 'a': AlterGroup has no effect: AlterList asks nobody for a password = "
      "write for example: AlterList = pwd all" },
    { SITE ALTER "AlterList = allow 10.0.0.0/8\nUseDirectory = d\nDirectory {\nDirectoryID = d\n"
                 "Path = /d\nAlterList = pwd all\n}\n",
      "error 9:1+9 Directory 'd': AlterList wants a password (pwd), but there is no PasswordFile = "
      "add: PasswordFile = basic:/path/of/users" },
    { SITE ALTER "AlterList = may 10.0.0.0/8\n",
      "error 7:13+3 'AlterList' knows allow, deny and pwd, not 'may' = write for example: "
      "AlterList = allow 192.168.0.0/16, deny all" },
    { SITE ALTER "AlterList = allow 10.0.0.0/8\nAlterMode = 755\n",
      "warning 8:13+3 the right to execute is left out: what is uploaded never becomes a program = "
      "write: AlterMode = 644" },
    { SITE ALTER "AlterList = allow 10.0.0.0/8\nAlterMode = 0640\n",
      "error 8:13+4 'AlterMode' must be three octal digits, not '0640' = for example: AlterMode = "
      "644, for files that everybody may read" },
    { SITE ALTER "AlterList = allow 10.0.0.0/8\nAlterMode = 680\n",
      "error 8:13+3 'AlterMode' must be three octal digits, not '680' = for example: AlterMode = "
      "644, for files that everybody may read" },
    { SITE "Binding {\nPort = 80\nMaxUploadSize = none\n}\n",
      "error 5:17+4 'MaxUploadSize' must be between 1 byte and 1 TiB, not 'none' = a bare number "
      "counts megabytes; or add a unit: 512K, 10M, 2 GiB" },
    { SITE PORT "EnableAlter = yes\n", "error 6:1+11 'EnableAlter' does not belong outside "
                                       "sections = it belongs in Binding sections" },
    { SITE PORT "WebDAVapp = yes\n", "" },
    { SITE ALTER "WebDAVapp = maybe\nAlterList = deny all\n",
      "error 7:13+5 'WebDAVapp' must be yes or no, not 'maybe'" },
    { SITE ALTER "WebDAVapp = yes\nAlterList = deny all\n",
      "warning 1:1+8 AlterList has no effect: PUT and DELETE are for the program of this "
      "host (WebDAVapp) = leave one of the two out" },
    /* ExpirePeriod */
    { SITE PORT "ExpirePeriod = 2 weeks, public\n", "" },
    { SITE PORT "ExpirePeriod = soon\n",
      "error 6:16+4 'ExpirePeriod' must be a time of at most ten years, not 'soon' = for example: "
      "ExpirePeriod = 2 weeks, public" },
    { SITE PORT "ExpirePeriod = 200 months\n",
      "error 6:16+10 'ExpirePeriod' must be a time of at most ten years, not '200 months' = for "
      "example: ExpirePeriod = 2 weeks, public" },
    { SITE PORT "ExpirePeriod = 1 day, everybody\n",
      "error 6:23+9 'ExpirePeriod' knows public and private, not 'everybody' = public: proxies may "
      "keep the files for everybody; private: only browsers" },
    { SITE PORT USERS "ExpirePeriod = 1 day, public\n",
      "warning 1:1+8 host 'a': ExpirePeriod lets proxies give to everybody what a password guards "
      "= leave out the word public" },
};

START_TEST(each_fault_is_named_at_its_place)
{
    static const char *const levels[] = { "note", "warning", "error" };
    char said[1024] = "";
    struct loaded loaded;

    loaded_text(&loaded, sayings[_i].text);
    const struct diag *diag = loaded.diags.first;
    if (diag)
        snprintf(said, sizeof(said), "%s %u:%u+%u %.*s%s%.*s", levels[diag->level],
                 diag->place.line, diag->place.column, diag->place.span, SLICE_ARGS(diag->message),
                 diag->hint.len > 0 ? " = " : "", SLICE_ARGS(diag->hint));
    ck_assert_str_eq(said, sayings[_i].says);
    ck_assert_int_eq(loaded.conf == NULL, loaded.diags.errors > 0);
    loaded_done(&loaded);
}
END_TEST

START_TEST(values_come_into_the_model)
{
    struct loaded loaded;

    loaded_text(&loaded, SITE "AlterList = allow 10.0.0.0/8\nAlterMode = 777\n"
                              "Binding {\nPort = 80\nEnableAlter = yes\nMaxUploadSize = 20\n}\n"
                              "Binding {\nPort = 81\n}\n");
    ck_assert_ptr_nonnull(loaded.conf);
    const struct binding_conf *binding = loaded.conf->bindings;
    ck_assert(binding->enable_alter);
    ck_assert_uint_eq(binding->max_upload_bytes, 20 << 20);
    ck_assert(!binding->next->enable_alter);
    ck_assert_uint_eq(binding->next->max_upload_bytes, 1 << 20);
    ck_assert_uint_eq(loaded.conf->hosts->folder.alter_mode, 0666);
    loaded_done(&loaded);
}
END_TEST

static const struct {
    const char *value;
    uint64_t age_s;
    bool is_public;
} periods[] = {
    { "30 seconds", 30, false },         { "1 minute", 60, false },
    { "2 hours, private", 7200, false }, { "1 day,public", 86400, true },
    { "2 weeks", 1209600, false },       { "1 month, Public", 2635200, true },
    { "0 seconds", 0, false },           { "90", 90, false },
};

START_TEST(periods_are_read)
{
    struct loaded loaded;
    char text[200];

    snprintf(text, sizeof(text), SITE PORT "ExpirePeriod = %s\n", periods[_i].value);
    loaded_text(&loaded, text);
    ck_assert_ptr_nonnull(loaded.conf);
    const struct conf_expire *expire = &loaded.conf->hosts->folder.expire;
    ck_assert(expire->is_given);
    ck_assert_uint_eq(expire->age_s, periods[_i].age_s);
    ck_assert_int_eq(expire->is_public, periods[_i].is_public);
    loaded_done(&loaded);
}
END_TEST

SUITE("alter", LOOP(periods_are_read, periods), LOOP(each_fault_is_named_at_its_place, sayings),
      TEST(values_come_into_the_model))
