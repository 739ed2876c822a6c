/* The limit of the machine: reads of 125 registers by one epoll loop in C, `depth` in flight per connection; header checked,
 * words swapped into the host's order. Arguments: port connections depth seconds. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "meter.h"

enum { COUNT = 125, ANSWER = 9 + 2 * COUNT, ASK = 12, MAX_CONNECTIONS = 256, MAX_DEPTH = 64, BLOCKS = 32 };

static struct link {
    int fd;
    size_t used;
    uint16_t sent, answered; /* transactions, which wrap */
    uint8_t bytes[MAX_DEPTH * ANSWER];
} links[MAX_CONNECTIONS];
static uint16_t words[COUNT];
static long reads;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void ask(struct link *link, int count) {
    uint8_t out[MAX_DEPTH * ASK];
    for (int i = 0; i < count; i++) {
        const uint16_t transaction = ++link->sent, address = transaction % BLOCKS * COUNT;
        const uint8_t request[ASK] = {transaction >> 8, (uint8_t)transaction, 0, 0, 0, 6, (uint8_t)(link - links + 1), 3,
                                      address >> 8,     (uint8_t)address,     0, COUNT};
        memcpy(out + i * ASK, request, ASK);
    }
    if (send(link->fd, out, (size_t)count * ASK, MSG_NOSIGNAL) != count * ASK) die("send");
}

static void take(struct link *link) {
    const ssize_t got = recv(link->fd, link->bytes + link->used, sizeof link->bytes - link->used, 0);
    if (got <= 0) die("recv");
    size_t at = 0;
    int answers = 0;
    for (link->used += (size_t)got; link->used - at >= ANSWER; at += ANSWER, answers++) {
        const uint8_t *frame = link->bytes + at;
        const uint16_t transaction = ++link->answered;
        const uint8_t expected[9] = {transaction >> 8,           (uint8_t)transaction, 0, 0, 0, ANSWER - 6,
                                     (uint8_t)(link - links + 1), 3,                    2 * COUNT};
        if (memcmp(frame, expected, sizeof expected)) die("wrong reply");
        memcpy(words, frame + 9, 2 * COUNT);
        for (int i = 0; i < COUNT; i++) words[i] = be16toh(words[i]);
    }
    memmove(link->bytes, link->bytes + at, link->used - at);
    link->used -= at;
    reads += answers;
    if (answers) ask(link, answers);
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    const int connections = atoi(argv[2]), depth = atoi(argv[3]), one = 1, poller = epoll_create1(0);
    struct sockaddr_in there = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)atoi(argv[1]))};
    if (connections > MAX_CONNECTIONS || depth > MAX_DEPTH) return 2;
    for (struct link *link = links; link < links + connections; link++) {
        link->fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(link->fd, (struct sockaddr *)&there, sizeof there)) die("connect");
        setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = link};
        epoll_ctl(poller, EPOLL_CTL_ADD, link->fd, &event);
        ask(link, depth);
    }
    struct epoll_event ready[MAX_CONNECTIONS];
    const double begin_s = now_s() + WARM_UP_S, end_s = begin_s + atof(argv[4]);
    struct mark begin = {0};
    for (double t_s = 0; t_s < end_s; t_s = now_s()) {
        if (!begin.wall_s && t_s >= begin_s) begin = take_mark(reads);
        const int count = epoll_wait(poller, ready, MAX_CONNECTIONS, 1000);
        for (int i = 0; i < count; i++) take(ready[i].data.ptr);
    }
    report(begin, take_mark(reads));
    return 0;
}
