/* What a C client of the bench reports: reads, wall and processor seconds between two marks, as one line of JSON. */
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

static const double WARM_UP_S = 0.15;

struct mark { double wall_s, cpu_s; long reads; };

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static struct mark take_mark(long reads) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (struct mark){now_s(),
                         (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                             1e-6 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec),
                         reads};
}

static void report(struct mark begin, struct mark end) {
    printf("{\"reads\": %ld, \"wall_s\": %.6f, \"cpu_s\": %.6f}\n", end.reads - begin.reads, end.wall_s - begin.wall_s,
           end.cpu_s - begin.cpu_s);
}
