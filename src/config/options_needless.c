/* Options of Hiawatha that are accepted and have no effect. */
#include "build.h"

/* What Hiawatha needs and this house does not: something else takes its place. */
#define NEEDLESS(name_, scopes_, text_)                                                            \
    {                                                                                              \
        .name = name_, .type = OPT_NEEDLESS, .scopes = (scopes_), .text = text_                    \
    }

/* Of Hiawatha versions long ago: old files load, with a warning that says what it means today. */
#define GONE(name_, scopes_, text_)                                                                \
    {                                                                                              \
        .name = name_, .type = OPT_GONE, .scopes = (scopes_), .text = text_                        \
    }

static const struct option_row rows[] = {
    /* something else takes their place */
    NEEDLESS("CGIwrapper", SCOPE_SERVER,
             "the spawner changes the user itself (WrapCGI, RunAs); no wrapper program is run"),
    NEEDLESS(
        "GZipExtensions", SCOPE_SERVER,
        "a compressed neighbour of any file (.gz, .br, .zst) is sent to who takes it, and what is "
        "compressed without one is said by Compress and CompressTypes"),
    NEEDLESS("MonitorServer", SCOPE_SERVER,
             "no statistics are shown over HTTP; `longhouse status --json` has the numbers"),
    NEEDLESS("Platform", SCOPE_SERVER, "it is about Windows"),
    NEEDLESS("SetResourceLimits", SCOPE_SERVER,
             "the house raises its limit of open files by itself; those of programs are "
             "CGImemory, CGIprocesses and their like"),
    NEEDLESS("ThreadKillRate", SCOPE_SERVER, "no connection has a thread of its own (Reactors)"),
    NEEDLESS("ThreadPoolSize", SCOPE_SERVER, "no connection has a thread of its own (Reactors)"),
    NEEDLESS("Tomahawk", SCOPE_SERVER,
             "no port is opened for it; `longhouse status`, `bans`, `ban` and `unban` do the same "
             "through a socket that only the administrator may use"),
    NEEDLESS("UseRProxy", SCOPE_HOST,
             "Hiawatha reads it and does nothing; ReverseProxy stands in the host itself"),
    NEEDLESS("EnableAccf", SCOPE_BINDING, "accept filters are FreeBSD's"),

    /* removed from Hiawatha itself */
    GONE("UseGZfile", SCOPE_HOST | SCOPE_DIRECTORY,
         "a compressed neighbour of a file (.gz, .br, .zst) is always used"),
    GONE("IgnoreDotHiawatha", SCOPE_SERVER | SCOPE_HOST | SCOPE_DIRECTORY,
         ".hiawatha files are not read by default"),
    GONE("CommandChannel", SCOPE_SERVER,
         "`longhouse status`, `bans`, `ban` and `unban` do what was asked for through it"),
    GONE("DenyBot", SCOPE_HOST, "Hiawatha removed it; nothing is denied by it"),
    GONE("ImageReferer", SCOPE_HOST, "Hiawatha removed it; no image is refused by it"),
    GONE("VolatileObject", SCOPE_HOST, "files are always read fresh when they change"),
    GONE("DHsize", SCOPE_SERVER, "keys are agreed on by elliptic curves, which have no such size"),
    GONE("PublicKeyPins", SCOPE_HOST, "browsers have given it up; no such field is sent"),
    GONE("PreventCMDi", SCOPE_HOST, "Hiawatha removed it; nothing is prevented by it"),
};

const struct option_group needless_options = { rows, sizeof(rows) / sizeof(rows[0]) };
