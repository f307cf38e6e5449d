#include "findings.h"

#include "suite.h"

#include <stdio.h>
#include <string.h>

static void fill(struct findings *findings, struct arena *arena)
{
    findings_init(findings, arena);
    finding_add(findings, FINDING_OK, "disk", NULL, "%d MiB free", 7);
    finding_add(findings, FINDING_NOTE, "house", NULL, "it does not run");
    finding_add(findings, FINDING_WARN, "limits", "raise it", "few");
    finding_add(findings, FINDING_FAIL, "backend", "start it", "a \"\x1b[1m\" is gone");
}

static void print(const struct findings *findings, bool json, bool colours, char *out, size_t room)
{
    FILE *file = fmemopen(out, room, "w");

    ck_assert_ptr_nonnull(file);
    if (json)
        findings_print_json(findings, file);
    else
        findings_print(findings, file, colours);
    fclose(file);
}

START_TEST(people_read_lines_with_what_to_do)
{
    struct arena arena = { 0 };
    struct findings findings;
    char out[2048];

    fill(&findings, &arena);
    print(&findings, false, false, out, sizeof(out));
    ck_assert_ptr_nonnull(strstr(out, "ok    disk          7 MiB free\n"));
    ck_assert_ptr_nonnull(strstr(out, "      house         it does not run\n"));
    ck_assert_ptr_nonnull(strstr(out, "warn  limits        few\n"));
    ck_assert_ptr_nonnull(strstr(out, "= raise it\n"));
    ck_assert_ptr_nonnull(strstr(out, "FAIL  backend       a \"\\x1b[1m\" is gone\n"));
    ck_assert_ptr_nonnull(strstr(out, "\n1 ok, 1 warning, 1 failure\n"));
    ck_assert_ptr_null(strchr(out, '\x1b'));
    print(&findings, false, true, out, sizeof(out));
    ck_assert_ptr_nonnull(strstr(out, "\x1b[31mFAIL\x1b[0m"));
    arena_done(&arena);
}
END_TEST

START_TEST(programs_read_one_object)
{
    struct arena arena = { 0 };
    struct findings findings;
    char out[2048];

    fill(&findings, &arena);
    print(&findings, true, false, out, sizeof(out));
    ck_assert_ptr_nonnull(
        strstr(out, "{\"level\":\"ok\",\"area\":\"disk\",\"text\":\"7 MiB free\",\"cure\":null}"));
    ck_assert_ptr_nonnull(strstr(out, "\"a \\\"\\u001b[1m\\\" is gone\",\"cure\":\"start it\"}"));
    ck_assert_ptr_nonnull(strstr(out, "],\"ok\":1,\"warnings\":1,\"failures\":1}\n"));
    arena_done(&arena);
}
END_TEST

START_TEST(faults_of_the_configuration_are_findings)
{
    const struct diag_place place = { .file = "a.conf", .line = 3 };
    struct arena arena = { 0 };
    struct findings findings;
    struct diags diags;

    diags_init(&diags, &arena);
    diag_hint(&diags, diag_add(&diags, DIAG_ERROR, &place, "wrong"), "right");
    diag_add(&diags, DIAG_WARNING, NULL, "odd");
    diag_add(&diags, DIAG_NOTE, &place, "old");
    findings_init(&findings, &arena);
    findings_take_diags(&findings, &diags);
    ck_assert_uint_eq(findings.counts[FINDING_FAIL], 1);
    ck_assert_uint_eq(findings.counts[FINDING_WARN], 1);
    ck_assert_uint_eq(findings.counts[FINDING_NOTE], 1);
    ck_assert(slice_equal_cstr(findings.first->text, "a.conf:3: wrong"));
    ck_assert(slice_equal_cstr(findings.first->cure, "right"));
    ck_assert(slice_equal_cstr(findings.first->next->text, "odd"));
    arena_done(&arena);
}
END_TEST

SUITE("findings", TEST(people_read_lines_with_what_to_do), TEST(programs_read_one_object),
      TEST(faults_of_the_configuration_are_findings))
