/* Reads of 125 registers by libmodbus, which waits for each answer: one thread a connection.
 * Arguments: port connections depth seconds; depth must be 1. */
#include <modbus/modbus.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "meter.h"

enum { COUNT = 125, BLOCKS = 32, MAX_CONNECTIONS = 256 };

static int port;
static atomic_bool over;
static struct { _Alignas(64) atomic_long reads; } counts[MAX_CONNECTIONS];

static void *read_on(void *argument) {
    const int index = (int)(intptr_t)argument;
    uint16_t words[COUNT];
    modbus_t *link = modbus_new_tcp("127.0.0.1", port);
    if (!link || modbus_set_slave(link, index + 1) || modbus_connect(link)) exit(1);
    for (long i = 0; !atomic_load_explicit(&over, memory_order_relaxed); i++) {
        if (modbus_read_registers(link, (int)(i % BLOCKS) * COUNT, COUNT, words) != COUNT) exit(1);
        atomic_store_explicit(&counts[index].reads, i + 1, memory_order_relaxed);
    }
    modbus_close(link);
    modbus_free(link);
    return NULL;
}

static long all_reads(int connections) {
    long sum = 0;
    for (int i = 0; i < connections; i++) sum += atomic_load(&counts[i].reads);
    return sum;
}

static void sleep_s(double seconds) { usleep((useconds_t)(1e6 * seconds)); }

int main(int argc, char **argv) {
    if (argc != 5 || atoi(argv[2]) > MAX_CONNECTIONS || atoi(argv[3]) != 1) return 2;
    pthread_t threads[MAX_CONNECTIONS];
    const int connections = atoi(argv[2]);
    port = atoi(argv[1]);
    for (int i = 0; i < connections; i++) pthread_create(&threads[i], NULL, read_on, (void *)(intptr_t)i);
    sleep_s(WARM_UP_S);
    const struct mark begin = take_mark(all_reads(connections));
    sleep_s(atof(argv[4]));
    const struct mark end = take_mark(all_reads(connections));
    atomic_store(&over, true);
    for (int i = 0; i < connections; i++) pthread_join(threads[i], NULL);
    report(begin, end);
    return 0;
}
