// Answers every inference request over HTTP/1.1 at once, and always the same: what is measured against it is the client.
// cc -O2 -o null-http null-http.c && ./null-http [--port N]
#include "http1.h"

static void infer_http(struct connection *c, const unsigned char tail[16]) {
  (void)tail;
  answer_http(c, "");
}

static ssize_t consume(struct connection *c, const unsigned char *at, size_t size) { return consume_http(c, at, size); }

static uint64_t wake(uint64_t now) {
  (void)now;
  return never;
}

static void finish(void) {}

static void forget(struct connection *c) { (void)c; }

int main(int count, char **words) { serve(atoi(option(count, words, "port", "0"))); }
