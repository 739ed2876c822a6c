/* Modbus TCP server that stands for the field in every bench: one process, one epoll loop, every pipelined request answered
 * in order. 247 units x 10,000 registers, the same as holding and as input registers; the raw value of a register is
 * 200 + (7 * address + unit) % 100. 64 coils a unit, which can be written and read back.
 * With the argument `spin` it never sleeps: a field's devices are woken by their own network cards, a sleeping process by its sender, whom
 * that costs 10 to 20 us in a virtual machine. Prints its port, ends when its standard input is closed: it cannot outlive the bench. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { UNITS = 248, REGISTERS = 10000, COILS = 64, PEERS = 1024, ASK = 12, INPUT = 4096, ANSWER = 9 + 2 * 125 };

static uint8_t image[UNITS][2 * REGISTERS];
static uint8_t coils[UNITS][COILS];
static struct { uint8_t bytes[INPUT]; size_t used; } inputs[PEERS];

/* Leaves the core's units to whoever shares them, for about a microsecond. */
static void rest(void) {
#if defined(__x86_64__) || defined(__i386__)
    for (int i = 0; i < 30; i++) __builtin_ia32_pause();
#endif
}

/* Answers one request of 12 bytes; gives the length of the answer. */
static size_t answer(const uint8_t *ask, uint8_t *out) {
    const uint8_t unit = ask[6], function = ask[7];
    const unsigned address = ask[8] << 8 | ask[9], word = ask[10] << 8 | ask[11];
    size_t length = 3;
    memcpy(out, ask, 8);
    if ((function == 3 || function == 4) && unit < UNITS && word >= 1 && word <= 125 && address + word <= REGISTERS) {
        out[8] = (uint8_t)(2 * word);
        memcpy(out + 9, image[unit] + 2 * address, 2 * word);
        length = 3 + 2 * word;
    } else if (function == 1 && unit < UNITS && word == 1 && address < COILS) {
        out[8] = 1;
        out[9] = coils[unit][address];
        length = 4;
    } else if (function == 5 && unit < UNITS && address < COILS) {
        coils[unit][address] = ask[10] == 0xff;
        memcpy(out + 8, ask + 8, 4);
        length = 6;
    } else {
        out[7] = function | 0x80;
        out[8] = 2;
    }
    out[4] = (uint8_t)(length >> 8);
    out[5] = (uint8_t)length;
    return 6 + length;
}

static int send_all(int peer, const uint8_t *bytes, size_t count) {
    while (count > 0) {
        ssize_t sent = send(peer, bytes, count, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            struct pollfd wait = {.fd = peer, .events = POLLOUT};
            if (poll(&wait, 1, 1000) != 1) return -1;
            continue;
        }
        if (sent < 0) return -1;
        bytes += sent;
        count -= (size_t)sent;
    }
    return 0;
}

static int serve(int peer) {
    static uint8_t out[INPUT / ASK * ANSWER];
    ssize_t got = recv(peer, inputs[peer].bytes + inputs[peer].used, INPUT - inputs[peer].used, 0);
    if (got <= 0) return got < 0 && errno == EAGAIN ? 0 : -1;
    size_t used = inputs[peer].used + (size_t)got, at = 0, length = 0;
    for (; used - at >= ASK; at += ASK) length += answer(inputs[peer].bytes + at, out + length);
    memmove(inputs[peer].bytes, inputs[peer].bytes + at, used - at);
    inputs[peer].used = used - at;
    return send_all(peer, out, length);
}

int main(int argc, char **argv) {
    const int wait_ms = argc > 1 && !strcmp(argv[1], "spin") ? 0 : -1;
    for (unsigned unit = 0; unit < UNITS; unit++)
        for (unsigned address = 0; address < REGISTERS; address++)
            image[unit][2 * address + 1] = (uint8_t)(200 + (7 * address + unit) % 100),
            image[unit][2 * address] = (200 + (7 * address + unit) % 100) >> 8;
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), poller = epoll_create1(0), one = 1;
    if (bind(listener, (struct sockaddr *)&here, size) || listen(listener, 256) ||
        getsockname(listener, (struct sockaddr *)&here, &size))
        return perror("server"), 1;
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, ready[64];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    event.data.fd = STDIN_FILENO;
    epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    for (;;) {
        const int count = epoll_wait(poller, ready, 64, wait_ms);
        if (!count) rest();
        for (int i = 0; i < count; i++) {
            const int peer = ready[i].data.fd;
            if (peer == STDIN_FILENO) return 0;
            if (peer != listener) {
                if (serve(peer)) close(peer);
                continue;
            }
            const int came = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
            if (came < 0) continue;
            if (came >= PEERS) { close(came); continue; }
            inputs[came].used = 0;
            setsockopt(came, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            event.data.fd = came;
            epoll_ctl(poller, EPOLL_CTL_ADD, came, &event);
        }
    }
}
