/*
 * A bare pipe of sockets without Node: one thread, epoll, one read and one write for whatever comes. What a core of the proxy's
 * own in C, C++ or Rust could reach at best, since it would have to read and to record besides. Linux only.
 *
 *     cc -O2 -o nativePipe nativePipe.c && ./nativePipe PORT UPSTREAM_PORT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_BYTES = 65536, EVENTS = 512, BACKLOG = 4096 };

/* One side of a pair; what it has read and the other could not take yet waits in `held`. */
struct side {
  int fd;
  struct side *other;
  char *held;
  size_t from, length;
  int closed;
};

static int loop;
static char buffer[BUFFER_BYTES];
/* Pairs that ended while events of this turn may still name them. */
static struct side *ended[EVENTS * 2];
static size_t ended_count;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void watch(struct side *side, int operation) {
  struct epoll_event event = {.data.ptr = side};
  /* Nothing more is read for a side that does not keep up. */
  if (side->other->held == NULL) event.events |= EPOLLIN;
  if (side->held != NULL) event.events |= EPOLLOUT;
  if (epoll_ctl(loop, operation, side->fd, &event) < 0) fail("epoll_ctl");
}

static void end_pair(struct side *side) {
  struct side *sides[] = {side, side->other};
  for (int i = 0; i < 2; i++) {
    if (sides[i]->closed) continue;
    sides[i]->closed = 1;
    close(sides[i]->fd);
    ended[ended_count++] = sides[i];
  }
}

/* Writes to a side; keeps what it does not take. */
static void give(struct side *to, const char *bytes, size_t length) {
  ssize_t written = write(to->fd, bytes, length);
  if (written < 0 && errno != EAGAIN) {
    end_pair(to);
    return;
  }
  size_t done = written < 0 ? 0 : (size_t)written;
  if (done == length) return;
  to->length = length - done;
  to->from = 0;
  to->held = malloc(to->length);
  if (to->held == NULL) fail("malloc");
  memcpy(to->held, bytes + done, to->length);
  watch(to, EPOLL_CTL_MOD);
  watch(to->other, EPOLL_CTL_MOD);
}

static void take(struct side *side) {
  ssize_t length = read(side->fd, buffer, sizeof buffer);
  if (length > 0) give(side->other, buffer, (size_t)length);
  else if (length == 0 || errno != EAGAIN) end_pair(side);
}

static void flush(struct side *side) {
  ssize_t written = write(side->fd, side->held + side->from, side->length);
  if (written < 0) {
    if (errno != EAGAIN) end_pair(side);
    return;
  }
  side->from += (size_t)written;
  side->length -= (size_t)written;
  if (side->length > 0) return;
  free(side->held);
  side->held = NULL;
  watch(side, EPOLL_CTL_MOD);
  watch(side->other, EPOLL_CTL_MOD);
}

static int with_no_delay(int fd) {
  int on = 1;
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0) fail("TCP_NODELAY");
  return fd;
}

static void open_pair(int client, const struct sockaddr_in *upstream) {
  int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (server < 0) fail("socket");
  if (connect(server, (const struct sockaddr *)upstream, sizeof *upstream) < 0) {
    close(client);
    close(server);
    return;
  }
  if (fcntl(server, F_SETFL, O_NONBLOCK) < 0) fail("O_NONBLOCK");
  struct side *sides = calloc(2, sizeof *sides);
  if (sides == NULL) fail("calloc");
  sides[0] = (struct side){.fd = with_no_delay(client), .other = &sides[1]};
  sides[1] = (struct side){.fd = with_no_delay(server), .other = &sides[0]};
  watch(&sides[0], EPOLL_CTL_ADD);
  watch(&sides[1], EPOLL_CTL_ADD);
}

/* The sides of a pair lie beside each other, in memory of the first. */
static void free_ended(void) {
  for (size_t i = 0; i < ended_count; i++) free(ended[i]->held);
  for (size_t i = 0; i < ended_count; i += 2) free(ended[i] < ended[i]->other ? ended[i] : ended[i]->other);
  ended_count = 0;
}

int main(int count, char **words) {
  if (count != 3) {
    fprintf(stderr, "usage: nativePipe PORT UPSTREAM_PORT\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(words[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_in upstream = own;
  upstream.sin_port = htons((unsigned short)atoi(words[2]));
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&own, sizeof own) < 0 || listen(listener, BACKLOG) < 0) fail("listen");
  loop = epoll_create1(EPOLL_CLOEXEC);
  if (loop < 0) fail("epoll_create1");
  struct side listening = {.fd = listener};
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = &listening};
  if (epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event) < 0) fail("listener");
  for (;;) {
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(loop, events, EVENTS, -1);
    if (ready < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < ready; i++) {
      struct side *side = events[i].data.ptr;
      if (side == &listening) {
        int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client >= 0) open_pair(client, &upstream);
        continue;
      }
      if (!side->closed && side->held != NULL && (events[i].events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) flush(side);
      if (!side->closed && side->other->held == NULL && (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP))) take(side);
    }
    free_ended();
  }
}
