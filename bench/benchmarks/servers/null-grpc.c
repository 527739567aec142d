// Answers every ModelInfer over gRPC at once, and always the same: what is measured against it is the client.
// cc -O2 -o null-grpc null-grpc.c && ./null-grpc [--port N]
#include "http2.h"

static void infer_grpc(struct connection *c, uint32_t stream, const unsigned char tail[16]) {
  (void)tail;
  answer_grpc(c, stream, NULL);
}

static ssize_t consume(struct connection *c, const unsigned char *at, size_t size) { return consume_http2(c, at, size); }

static uint64_t wake(uint64_t now) {
  (void)now;
  return never;
}

static void finish(void) {}

static void forget(struct connection *c) { forget_http2(c->http2); }

int main(int count, char **words) { serve(atoi(option(count, words, "port", "0"))); }
