// Reads HTTP/2 on a plain socket: frames, header blocks, and the streams that they open and end.
#pragma once
#include "grpc-calls.h"

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

static struct stream *find_stream(struct http2 *h, uint32_t id) {
  for (size_t i = 0; i < h->stream_count; i++)
    if (h->streams[i].id == id) return &h->streams[i];
  return NULL;
}

static void end_stream(struct connection *c, struct stream *s, bool answer) {
  struct http2 *h = c->http2;
  struct stream ended = *s;
  *s = h->streams[--h->stream_count];
  if (answer) dispatch(c, &ended);
}

static void hear_header(void *context, const char *name, const char *value) {
  static const char service[] = "/inference.GRPCInferenceService/";
  struct stream *s = context;
  if (strcmp(name, ":path") != 0 || strncmp(value, service, sizeof service - 1) != 0) return;
  for (s->method = 0; s->method < unknown_method; s->method++)
    if (strcmp(method_names[s->method], value + sizeof service - 1) == 0) return;
}

static bool end_block(struct connection *c) {
  struct http2 *h = c->http2;
  struct stream s = {.id = h->block_stream, .method = unknown_method};
  bool good = read_headers(&h->table, h->block.at, h->block.size, hear_header, &s);
  h->block.size = 0;
  h->block_stream = 0;
  // Trailers of a request open no stream, they end one.
  struct stream *open = find_stream(h, s.id);
  if (!good) return false;
  if (open == NULL) {
    if (h->stream_count == h->stream_capacity) {
      h->stream_capacity = h->stream_capacity * 2 + 16;
      if ((h->streams = realloc(h->streams, h->stream_capacity * sizeof s)) == NULL) die("memory");
    }
    open = &h->streams[h->stream_count++];
    *open = s;
  }
  if (h->block_ends_stream) end_stream(c, open, true);
  return true;
}

// Removes padding and priority; false where the frame is too short for what it says.
static bool strip(unsigned flags, bool is_headers, const unsigned char **at, size_t *size) {
  size_t padding = 0, skipped = 0;
  if (flags & flag_padded) {
    if (*size < 1) return false;
    padding = **at;
    skipped = 1;
  }
  if (is_headers && flags & flag_priority) skipped += 5;
  if (skipped + padding > *size) return false;
  *at += skipped;
  *size -= skipped + padding;
  return true;
}

static void take_data(struct connection *c, uint32_t id, const unsigned char *at, size_t size, bool ends) {
  struct stream *s = find_stream(c->http2, id);
  if (s == NULL) return;
  if (size >= 16) memcpy(s->tail, at + size - 16, 16);
  else {
    memmove(s->tail, s->tail + size, 16 - size);
    memcpy(s->tail + 16 - size, at, size);
  }
  if (ends) end_stream(c, s, true);
}

// What was received is granted again, once in a gigabyte.
static void grant_again(struct connection *c, size_t size) {
  struct http2 *h = c->http2;
  h->received += (int64_t)size;
  if (h->received < 1 << 30) return;
  struct bytes increment = {0};
  append_u32(&increment, (uint32_t)h->received);
  append_frame(&c->out, frame_window_update, 0, 0, increment.at, increment.size);
  free(increment.at);
  h->received = 0;
}

static bool take_frame(struct connection *c, const unsigned char *frame, const unsigned char *body, size_t size) {
  struct http2 *h = c->http2;
  unsigned type = frame[3], flags = frame[4];
  uint32_t id = read_u32(frame + 5) & largest_window;
  struct stream *s;
  switch (type) {
    case frame_headers:
      if (!strip(flags, true, &body, &size)) return false;
      h->block_stream = id;
      h->block_ends_stream = flags & flag_end_stream;
      append(&h->block, body, size);
      return flags & flag_end_headers ? end_block(c) : true;
    case frame_continuation:
      if (h->block_stream != id) return false;
      append(&h->block, body, size);
      return flags & flag_end_headers ? end_block(c) : h->block.size < 1 << 16;
    case frame_data:
      grant_again(c, size);
      if (!strip(flags, false, &body, &size)) return false;
      take_data(c, id, body, size, flags & flag_end_stream);
      return true;
    case frame_reset:
      if ((s = find_stream(h, id)) != NULL) end_stream(c, s, false);
      return true;
    case frame_settings:
      if (!(flags & flag_ack)) append_frame(&c->out, frame_settings, flag_ack, 0, NULL, 0);
      return true;
    case frame_ping:
      if (size == 8 && !(flags & flag_ack)) append_frame(&c->out, frame_ping, flag_ack, 0, body, 8);
      return size == 8;
    case frame_window_update:
      if (size != 4) return false;
      // Those of streams do not matter: no answer comes near to filling one.
      if (id == 0) h->send_window += read_u32(body) & largest_window;
      unblock(c);
      return true;
    default: return true;
  }
}

static void open_http2(struct connection *c) {
  if ((c->http2 = calloc(1, sizeof *c->http2)) == NULL) die("memory");
  c->http2->table.limit = table_limit;
  c->http2->send_window = default_window;
  make_huffman();
  struct bytes settings = {0}, increment = {0};
  // Setting 4: the window of each stream.
  append(&settings, "\0\4", 2);
  append_u32(&settings, largest_window);
  append_u32(&increment, largest_window - default_window);
  append_frame(&c->out, frame_settings, 0, 0, settings.at, settings.size);
  append_frame(&c->out, frame_window_update, 0, 0, increment.at, increment.size);
  free(settings.at);
  free(increment.at);
}

static ssize_t consume_http2(struct connection *c, const unsigned char *at, size_t size) {
  if (c->http2 == NULL) {
    if (memcmp(at, preface, size < sizeof preface - 1 ? size : sizeof preface - 1) != 0) return -1;
    if (size < sizeof preface - 1) return 0;
    open_http2(c);
    return sizeof preface - 1;
  }
  if (size < frame_head) return 0;
  size_t body = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
  // Nothing larger than the protocol's own limit was allowed.
  if (body > 16384) return -1;
  if (size < frame_head + body) return 0;
  return take_frame(c, at, at + frame_head, body) ? (ssize_t)(frame_head + body) : -1;
}

static void forget_http2(struct http2 *h) {
  if (h == NULL) return;
  evict(&h->table, 0);
  free(h->streams);
  free(h->block.at);
  free(h->blocked.at);
  free(h);
}
