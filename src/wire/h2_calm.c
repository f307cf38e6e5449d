/* How much an HTTP/2 client may demand besides requests. */
#include "h2_private.h"

/* A client that reads a large file sends two WINDOW_UPDATEs for a DATA frame at most. */
#define FRAMES_BURST      1000u
#define FRAMES_PER_S      100u
#define FRAMES_PER_ANSWER 3u

/* A browser that leaves a page takes back what it asked for, perhaps several times in a row. */
#define RESETS_BURST 200u
#define RESETS_PER_S 20u

static uint32_t leaked(uint32_t level, uint64_t passed_ms, uint32_t per_s)
{
    uint64_t gone = passed_ms * per_s / 1000;

    return gone < level ? level - (uint32_t)gone : 0;
}

static void leak(struct h2_calm *calm, uint64_t now_ms)
{
    uint64_t passed_ms = now_ms - calm->at_ms;

    if (passed_ms < 1000)
        return; /* by whole seconds, so that nothing is lost in dividing */
    calm->at_ms = now_ms;
    calm->idle_frames = leaked(calm->idle_frames, passed_ms, FRAMES_PER_S);
    calm->resets = leaked(calm->resets, passed_ms, RESETS_PER_S);
}

const char *h2_calm_note(struct h2_calm *calm, enum h2_deed deed, uint64_t now_ms)
{
    leak(calm, now_ms);
    switch (deed) {
    case H2_DEED_IDLE_FRAME:
        calm->idle_frames++;
        break;
    case H2_DEED_RESET:
        calm->resets++;
        break;
    case H2_DEED_ANSWER:
        calm->idle_frames -=
            calm->idle_frames < FRAMES_PER_ANSWER ? calm->idle_frames : FRAMES_PER_ANSWER;
        break;
    }
    if (calm->idle_frames > FRAMES_BURST)
        return "a flood of frames that carry nothing (PING, SETTINGS, PRIORITY, empty DATA ...)";
    if (calm->resets > RESETS_BURST)
        return "a flood of requests that are taken back or malformed";
    return NULL;
}
