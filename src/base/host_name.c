#include "base/host_name.h"

#define LABEL_MOST 63

static bool is_label(struct slice label)
{
    if (label.len == 0 || label.len > LABEL_MOST || label.at[0] == '-' ||
        label.at[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++) {
        const char c = label.at[i];
        if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c != '-' && c != '_')
            return false;
    }
    return true;
}

static bool has_letter(struct slice label)
{
    for (size_t i = 0; i < label.len; i++)
        if (ascii_is_alpha(label.at[i]))
            return true;
    return false;
}

bool host_name_is_good(struct slice name)
{
    struct slice label = { 0 };

    if (name.len > 1 && name.at[name.len - 1] == '.')
        name = slice_first(name, name.len - 1);
    if (name.len == 0 || name.len > HOST_NAME_MOST)
        return false;
    for (bool more = true; more;) {
        more = slice_cut(name, '.', &label, &name);
        if (!is_label(label))
            return false;
    }
    return has_letter(label);
}
