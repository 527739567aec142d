// Holds each answer for a known time, over HTTP/1.1 and gRPC on one port, and says how long it really did.
//
//   --hold-us N        constant, 5000 by default
//   --slow-us N        a share of the answers is held so long instead
//   --slow-share S     that share, 0 to 1; which ones is drawn with a fixed seed
//   --stall-ms N       it stands still for so long, as a process that is stopped does,
//   --stall-each-ms N  once in so long, half of that after the first request for the first time
//   --in-line 1      one request at a time: the time that it is held begins when the one before is answered
//   --tell 1           each answer says how long it was held: header or trailer `held-ns`
//   --log FILE         one line an answer, written at the end: the first float of the request's last 16 bytes, and when it was
//                      read, due and answered; a line "stall FROM TO" for each stall; all in ns of CLOCK_MONOTONIC
#include "http1.h"
#include "http2.h"

struct held {
  int fd;
  uint64_t serial, read_ns, due_ns;
  uint32_t stream;
  float id;
};

struct entry {
  float id;
  uint64_t read_ns, due_ns, answered_ns;
};

static struct {
  uint64_t hold_ns, slow_ns, stall_ns, stall_each_ns;
  double slow_share;
  bool tells, in_line;
  const char *log;
} options;

static struct held *held;
static size_t held_count, held_capacity;
static struct entry *entries;
static size_t entry_count, entry_capacity;
static uint64_t free_ns;
static uint64_t next_stall_ns = UINT64_MAX, stalls[1024][2];
static size_t stall_count;
static uint64_t random_state = 0x9e3779b97f4a7c15;

// Uniform in [0, 1): xorshift with a multiplication at the end.
static double next_random(void) {
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return (double)((random_state * 0x2545f4914f6cdd1dull) >> 11) / 9007199254740992.0;
}

static void hold(struct connection *c, uint32_t stream, const unsigned char tail[16]) {
  if (options.stall_ns > 0 && next_stall_ns == UINT64_MAX) next_stall_ns = c->read_ns + options.stall_each_ns / 2;
  bool slow = options.slow_share > 0 && next_random() < options.slow_share;
  uint64_t from_ns = options.in_line && free_ns > c->read_ns ? free_ns : c->read_ns;
  struct held h = {.fd = c->fd, .serial = c->serial, .stream = stream, .read_ns = c->read_ns,
    .due_ns = from_ns + (slow ? options.slow_ns : options.hold_ns)};
  free_ns = h.due_ns;
  memcpy(&h.id, tail, sizeof h.id);
  if (held_count == held_capacity) {
    held_capacity = held_capacity * 2 + 64;
    if ((held = realloc(held, held_capacity * sizeof h)) == NULL) die("memory");
  }
  held[held_count++] = h;
}

static void infer_http(struct connection *c, const unsigned char tail[16]) {
  // Without pipelining nothing follows; with it, answers keep their order.
  c->busy = true;
  hold(c, 0, tail);
}

static void infer_grpc(struct connection *c, uint32_t stream, const unsigned char tail[16]) { hold(c, stream, tail); }

static void record(const struct held *h, uint64_t now) {
  if (options.log == NULL) return;
  if (entry_count == entry_capacity) {
    entry_capacity = entry_capacity * 2 + 65536;
    if ((entries = realloc(entries, entry_capacity * sizeof *entries)) == NULL) die("memory");
  }
  entries[entry_count++] = (struct entry){.id = h->id, .read_ns = h->read_ns, .due_ns = h->due_ns, .answered_ns = now};
}

static void let_go(const struct held *h) {
  struct connection *c = connections[h->fd];
  if (c == NULL || c->serial != h->serial) return;
  uint64_t now = now_ns();
  char text[32], line[64] = "";
  snprintf(text, sizeof text, "%llu", (unsigned long long)(now - h->read_ns));
  if (options.tells) snprintf(line, sizeof line, "Held-Ns: %s\r\n", text);
  if (h->stream == 0) answer_http(c, line);
  else answer_grpc(c, h->stream, options.tells ? (const char *const[]){"held-ns", text} : NULL);
  record(h, now);
  c->busy = false;
  if (c->in.size > 0) understand(c);
  else flush(c);
}

static void stall(uint64_t now) {
  uint64_t until = next_stall_ns + options.stall_ns;
  struct timespec end = {.tv_sec = (time_t)(until / 1000000000u), .tv_nsec = (long)(until % 1000000000u)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR) {}
  if (stall_count < 1024) {
    stalls[stall_count][0] = now;
    stalls[stall_count++][1] = now_ns();
  }
  next_stall_ns += options.stall_each_ns;
}

static uint64_t wake(uint64_t now) {
  if (now >= next_stall_ns) stall(now);
  uint64_t next = next_stall_ns;
  now = now_ns();
  for (size_t i = 0; i < held_count;) {
    if (held[i].due_ns > now) {
      if (held[i].due_ns < next) next = held[i].due_ns;
      i++;
      continue;
    }
    struct held due = held[i];
    held[i] = held[--held_count];
    let_go(&due);
  }
  return next;
}

static void finish(void) {
  if (options.log == NULL) return;
  FILE *file = fopen(options.log, "w");
  if (file == NULL) die(options.log);
  for (size_t i = 0; i < stall_count; i++)
    fprintf(file, "stall %llu %llu\n", (unsigned long long)stalls[i][0], (unsigned long long)stalls[i][1]);
  for (size_t i = 0; i < entry_count; i++) {
    const struct entry *e = &entries[i];
    fprintf(file, "%.9g %llu %llu %llu\n", (double)e->id, (unsigned long long)e->read_ns, (unsigned long long)e->due_ns,
      (unsigned long long)e->answered_ns);
  }
  fclose(file);
}

static void forget(struct connection *c) { forget_http2(c->http2); }

static ssize_t consume(struct connection *c, const unsigned char *at, size_t size) {
  size_t compared = size < sizeof preface - 1 ? size : sizeof preface - 1;
  return c->http2 != NULL || memcmp(at, preface, compared) == 0 ? consume_http2(c, at, size) : consume_http(c, at, size);
}

static uint64_t number(int count, char **words, const char *name, const char *otherwise) {
  return strtoull(option(count, words, name, otherwise), NULL, 10);
}

int main(int count, char **words) {
  options.hold_ns = number(count, words, "hold-us", "5000") * 1000;
  options.slow_ns = number(count, words, "slow-us", "20000") * 1000;
  options.slow_share = atof(option(count, words, "slow-share", "0"));
  options.stall_ns = number(count, words, "stall-ms", "0") * 1000000;
  options.stall_each_ns = number(count, words, "stall-each-ms", "10000") * 1000000;
  options.in_line = number(count, words, "in-line", "0") == 1;
  options.tells = number(count, words, "tell", "0") == 1;
  options.log = option(count, words, "log", NULL);
  serve(atoi(option(count, words, "port", "0")));
}
