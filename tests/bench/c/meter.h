/* What a C client of the bench reports: reads, wall and processor seconds between two marks, as one line of JSON. */
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

static const double WARM_UP_S = 0.15;

struct mark { double wall_s, user_s, system_s; long reads; };

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double seconds(struct timeval time) { return (double)time.tv_sec + 1e-6 * (double)time.tv_usec; }

static struct mark take_mark(long reads) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (struct mark){now_s(), seconds(used.ru_utime), seconds(used.ru_stime), reads};
}

static void report(struct mark begin, struct mark end) {
    printf("{\"reads\": %ld, \"wall_s\": %.6f, \"user_s\": %.6f, \"system_s\": %.6f}\n", end.reads - begin.reads,
           end.wall_s - begin.wall_s, end.user_s - begin.user_s, end.system_s - begin.system_s);
}
