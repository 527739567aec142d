// The unary calls of the KServe protocol over gRPC: what each is answered with, and when the client's window allows it.
#pragma once
#include "frames.h"
#include "iris-messages.h"

// An inference request came in whole.
static void infer_grpc(struct connection *c, uint32_t stream, const unsigned char tail[16]);

// Sends the waiting answers that the window has room for; the DATA frame at the front says how large it is.
static void unblock(struct connection *c) {
  struct http2 *h = c->http2;
  size_t done = 0;
  while (done < h->blocked.size) {
    const unsigned char *at = h->blocked.at + done;
    size_t data = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
    const unsigned char *trailers = at + frame_head + data;
    size_t whole = data + 2 * frame_head + ((size_t)trailers[1] << 8 | trailers[2]);
    if ((int64_t)data > h->send_window) break;
    h->send_window -= (int64_t)data;
    append(&c->out, at, whole);
    done += whole;
  }
  drop_front(&h->blocked, done);
}

// Answers a call with a message. `trailer` is one more trailing header and its value, or NULL.
static void answer_call(struct connection *c, uint32_t stream, const struct bytes *message, const char *const trailer[2]) {
  struct http2 *h = c->http2;
  // Index 8 of the static table is the status 200, index 31 the name of the content type.
  static const char head[] = "\x88\x0f\x10\x10" "application/grpc";
  struct bytes data = {0}, trailers = {0};
  append_frame(&c->out, frame_headers, flag_end_headers, stream, head, sizeof head - 1);
  append(&data, "\0", 1);
  append_u32(&data, (uint32_t)message->size);
  append(&data, message->at, message->size);
  append_header(&trailers, "grpc-status", "0");
  if (trailer != NULL) append_header(&trailers, trailer[0], trailer[1]);
  append_frame(&h->blocked, frame_data, 0, stream, data.at, data.size);
  append_frame(&h->blocked, frame_headers, flag_end_headers | flag_end_stream, stream, trailers.at, trailers.size);
  unblock(c);
  free(data.at);
  free(trailers.at);
}

static void answer_grpc(struct connection *c, uint32_t stream, const char *const trailer[2]) {
  static struct bytes message;
  if (message.size == 0) append_infer_message(&message);
  answer_call(c, stream, &message, trailer);
  answered_count++;
}

static void refuse_call(struct connection *c, uint32_t stream) {
  struct bytes block = {0};
  static const char head[] = "\x88\x0f\x10\x10" "application/grpc";
  append(&block, head, sizeof head - 1);
  append_header(&block, "grpc-status", "12");
  append_frame(&c->out, frame_headers, flag_end_headers | flag_end_stream, stream, block.at, block.size);
  free(block.at);
}

static void dispatch(struct connection *c, const struct stream *s) {
  struct bytes message = {0};
  switch (s->method) {
    case model_infer: infer_grpc(c, s->id, s->tail); return;
    case unknown_method: refuse_call(c, s->id); return;
    case server_live: case server_ready: case model_ready: append_number(&message, 1, 1); break;
    case server_metadata: append_server_message(&message); break;
    case model_metadata: append_model_message(&message); break;
    case model_config: append_config_message(&message); break;
    case model_statistics: append_statistics_message(&message); break;
  }
  answer_call(c, s->id, &message, NULL);
  free(message.at);
}
