// One thread, one epoll: connections on 127.0.0.1, a standard input that ends the process, and instants to wake at.
//
// A server includes this file and defines `consume` and `wake`. It takes its port as `--port N` (0: any free one) and prints
// "port N". A line on standard input is answered with "answered COUNT"; its end ends the process, so that nothing stays
// behind when the parent dies.
#pragma once
#include "bytes.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

struct connection {
  int fd;
  // Tells a connection from a later one with the same descriptor.
  uint64_t serial;
  struct bytes in, out;
  // When the last bytes were read.
  uint64_t read_ns;
  bool awaits_writable, broken, busy;
  // Of HTTP/2; made when the first bytes show it.
  struct http2 *http2;
};

static const uint64_t never = UINT64_MAX;
enum { connection_limit = 4096, input_limit = 64 << 20 };

// Understands a connection's next bytes; how many of them are done with, or -1 to close it.
static ssize_t consume(struct connection *c, const unsigned char *at, size_t size);
// Does what is due; when to be called again, or `never`.
static uint64_t wake(uint64_t now);
// The last thing before the process ends.
static void finish(void);
// Frees what a protocol holds.
static void forget(struct connection *c);

static struct connection *connections[connection_limit];
static uint64_t answered_count, next_serial = 1;
static int epoll_fd;

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void watch(int operation, int fd, uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  if (epoll_ctl(epoll_fd, operation, fd, &event) != 0) die("epoll_ctl");
}

static void close_connection(struct connection *c) {
  connections[c->fd] = NULL;
  close(c->fd);
  forget(c);
  free(c->in.at);
  free(c->out.at);
  free(c);
}

// Writes what is there; what the socket does not take waits until it does.
static void flush(struct connection *c) {
  while (c->out.size > 0 && !c->broken) {
    ssize_t written = send(c->fd, c->out.at, c->out.size, MSG_NOSIGNAL);
    if (written >= 0) drop_front(&c->out, (size_t)written);
    else if (errno == EAGAIN) break;
    else if (errno != EINTR) c->broken = true;
  }
  bool awaits = c->out.size > 0 && !c->broken;
  if (awaits != c->awaits_writable) watch(EPOLL_CTL_MOD, c->fd, awaits ? EPOLLIN | EPOLLOUT : EPOLLIN);
  c->awaits_writable = awaits;
}

// Goes on with bytes that came in before, as after an answer that others waited for.
static void understand(struct connection *c) {
  size_t done = 0;
  while (done < c->in.size && !c->busy && !c->broken) {
    ssize_t used = consume(c, c->in.at + done, c->in.size - done);
    if (used < 0) c->broken = true;
    if (used <= 0) break;
    done += (size_t)used;
  }
  drop_front(&c->in, done);
  if (c->in.size > input_limit) c->broken = true;
  flush(c);
}

static void readable(struct connection *c) {
  unsigned char piece[1 << 16];
  ssize_t size = read(c->fd, piece, sizeof piece);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  c->read_ns = now_ns();
  if (size <= 0) c->broken = true;
  else append(&c->in, piece, (size_t)size);
  if (!c->broken) understand(c);
}

static void accept_connection(int listener) {
  int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  struct connection *c = fd < connection_limit ? calloc(1, sizeof *c) : NULL;
  if (c == NULL) {
    close(fd);
    return;
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  c->fd = fd;
  c->serial = next_serial++;
  connections[fd] = c;
  watch(EPOLL_CTL_ADD, fd, EPOLLIN);
}

static void hear_parent(void) {
  char line[256];
  ssize_t size = read(STDIN_FILENO, line, sizeof line);
  if (size <= 0) {
    finish();
    exit(0);
  }
  for (ssize_t i = 0; i < size; i++)
    if (line[i] == '\n') printf("answered %llu\n", (unsigned long long)answered_count);
  fflush(stdout);
}

static int listen_on(int port) {
  int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {
    .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 1024) != 0) die("listen");
  getsockname(fd, (struct sockaddr *)&address, &size);
  printf("port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

static void serve(int port) {
  // Else the kernel may wake a sleeper 50 us late.
  prctl(PR_SET_TIMERSLACK, 1);
  signal(SIGPIPE, SIG_IGN);
  // Ctrl-C goes to the whole foreground group: the parent decides, and closes standard input.
  signal(SIGINT, SIG_IGN);
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  watch(EPOLL_CTL_ADD, STDIN_FILENO, EPOLLIN);
  int listener = listen_on(port);
  watch(EPOLL_CTL_ADD, listener, EPOLLIN);
  struct epoll_event events[256];
  for (;;) {
    uint64_t now = now_ns(), due = wake(now);
    uint64_t left = due <= now ? 0 : due - now;
    struct timespec wait = {.tv_sec = (time_t)(left / 1000000000u), .tv_nsec = (long)(left % 1000000000u)};
    int count = epoll_pwait2(epoll_fd, events, 256, due == never ? NULL : &wait, NULL);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == STDIN_FILENO) hear_parent();
      else if (fd == listener) accept_connection(listener);
      else if (connections[fd] != NULL) {
        struct connection *c = connections[fd];
        if (events[i].events & EPOLLOUT) flush(c);
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(c);
        if (c->broken) close_connection(c);
      }
    }
  }
}

// The value of `--name VALUE`.
static const char *option(int count, char **words, const char *name, const char *otherwise) {
  for (int i = 1; i + 1 < count; i++)
    if (strncmp(words[i], "--", 2) == 0 && strcmp(words[i] + 2, name) == 0) return words[i + 1];
  return otherwise;
}
