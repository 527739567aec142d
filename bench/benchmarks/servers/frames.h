// Frames of HTTP/2, and what is kept for each connection.
#pragma once
#include "hpack.h"

enum method { model_infer, server_live, server_ready, model_ready, server_metadata, model_metadata, model_config,
  model_statistics, unknown_method };
static const char *const method_names[] = {"ModelInfer", "ServerLive", "ServerReady", "ModelReady", "ServerMetadata",
  "ModelMetadata", "ModelConfig", "ModelStatistics"};

enum { frame_data, frame_headers, frame_priority, frame_reset, frame_settings, frame_push, frame_ping, frame_goaway,
  frame_window_update, frame_continuation };
enum { flag_end_stream = 1, flag_ack = 1, flag_end_headers = 4, flag_padded = 8, flag_priority = 32 };
enum { frame_head = 9, default_window = 65535, largest_window = 0x7fffffff };

struct stream {
  uint32_t id;
  enum method method;
  // The last bytes of the message so far: of an inference request, the row of four floats.
  unsigned char tail[16];
};

struct http2 {
  struct header_table table;
  struct stream *streams;
  size_t stream_count, stream_capacity;
  // A header block that goes on in further frames, and the stream it opens.
  struct bytes block;
  uint32_t block_stream;
  bool block_ends_stream;
  // What may still be sent and, of what was granted, what is used up.
  int64_t send_window, received;
  // Answers that wait for the window: each a whole DATA frame with its trailers behind it.
  struct bytes blocked;
};

static void append_frame(struct bytes *b, unsigned type, unsigned flags, uint32_t stream, const void *body, size_t size) {
  unsigned char head[frame_head] = {(unsigned char)(size >> 16), (unsigned char)(size >> 8), (unsigned char)size,
    (unsigned char)type, (unsigned char)flags, (unsigned char)(stream >> 24), (unsigned char)(stream >> 16),
    (unsigned char)(stream >> 8), (unsigned char)stream};
  append(b, head, sizeof head);
  append(b, body, size);
}

static uint32_t read_u32(const unsigned char *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void append_u32(struct bytes *b, uint32_t value) {
  unsigned char text[4] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16), (unsigned char)(value >> 8), (unsigned char)value};
  append(b, text, 4);
}

// A literal header that no table keeps, its name and value shorter than 127.
static void append_header(struct bytes *b, const char *name, const char *value) {
  unsigned char sizes[2] = {(unsigned char)strlen(name), (unsigned char)strlen(value)};
  append(b, "\0", 1);
  append(b, &sizes[0], 1);
  append(b, name, sizes[0]);
  append(b, &sizes[1], 1);
  append(b, value, sizes[1]);
}
