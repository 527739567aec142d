// HTTP/1.1 with keep-alive: the paths of the KServe protocol, and inference requests with a Content-Length.
#pragma once
#include "iris-json.h"

// An inference request came in whole; `tail` are its last 16 bytes, which is the row of four floats.
static void infer_http(struct connection *c, const unsigned char tail[16]);

// Answers an inference request at once. `header` is empty or a whole line.
static void answer_http(struct connection *c, const char *header) {
  const size_t json = sizeof infer_json - 1;
  append_text(&c->out,
    "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nInference-Header-Content-Length: %zu\r\n%s"
    "Content-Length: %zu\r\n\r\n", json, header, json + sizeof label_bytes + sizeof probability_bytes);
  append(&c->out, infer_json, json);
  append(&c->out, label_bytes, sizeof label_bytes);
  append(&c->out, probability_bytes, sizeof probability_bytes);
  answered_count++;
}

static void answer_text(struct connection *c, const char *status, const void *body, size_t size) {
  append_text(&c->out, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", status, size);
  append(&c->out, body, size);
}

static void answer_statistics(struct connection *c) {
  struct bytes body = {0};
  append_statistics_json(&body);
  answer_text(c, "200 OK", body.at, body.size);
  free(body.at);
}

static void answer_path(struct connection *c, const char *path) {
  static const char model[] = "/v2/models/" MODEL, version[] = "/versions/1";
  static const char unknown[] = "{\"error\":\"Not Found\"}";
  const char *rest = strncmp(path, model, sizeof model - 1) == 0 ? path + sizeof model - 1 : NULL;
  if (rest != NULL && strncmp(rest, version, sizeof version - 1) == 0) rest += sizeof version - 1;
  if (strcmp(path, "/v2/health/live") == 0 || strcmp(path, "/v2/health/ready") == 0) answer_text(c, "200 OK", "", 0);
  else if (strcmp(path, "/v2") == 0) answer_text(c, "200 OK", server_json, sizeof server_json - 1);
  else if (strcmp(path, "/v2/models/stats") == 0) answer_statistics(c);
  else if (rest == NULL) answer_text(c, "404 Not Found", unknown, sizeof unknown - 1);
  else if (*rest == 0) answer_text(c, "200 OK", model_json, sizeof model_json - 1);
  else if (strcmp(rest, "/ready") == 0) answer_text(c, "200 OK", "", 0);
  else if (strcmp(rest, "/config") == 0) answer_text(c, "200 OK", config_json, sizeof config_json - 1);
  else if (strcmp(rest, "/stats") == 0) answer_statistics(c);
  else answer_text(c, "404 Not Found", unknown, sizeof unknown - 1);
}

// The value of a header in a head that ends with an empty line; NULL where there is none.
static const char *header_value(const char *head, const char *end, const char *name) {
  size_t length = strlen(name);
  for (const char *line = head; line < end;) {
    const char *stop = memchr(line, '\r', (size_t)(end - line));
    if (stop == NULL) return NULL;
    if ((size_t)(stop - line) > length && strncasecmp(line, name, length) == 0 && line[length] == ':') return line + length + 1;
    line = stop + 2;
  }
  return NULL;
}

static ssize_t consume_http(struct connection *c, const unsigned char *at, size_t size) {
  const char *head = (const char *)at, *blank = memmem(at, size, "\r\n\r\n", 4);
  if (blank == NULL) return size > 65536 ? -1 : 0;
  size_t head_size = (size_t)(blank - head) + 4;
  const char *told = header_value(head, head + head_size, "content-length");
  size_t body_size = told == NULL ? 0 : strtoul(told, NULL, 10);
  if (body_size > input_limit) return -1;
  if (size - head_size < body_size) return 0;
  const char *path = memchr(head, ' ', head_size);
  const char *path_end = path == NULL ? NULL : memchr(path + 1, ' ', (size_t)(head + head_size - path - 1));
  char text[1024];
  if (path_end == NULL || (size_t)(path_end - path) > sizeof text) return -1;
  size_t length = (size_t)(path_end - path) - 1;
  memcpy(text, path + 1, length);
  text[length] = 0;
  bool infers = length > 6 && strncmp(head, "POST", 4) == 0 && strcmp(text + length - 6, "/infer") == 0;
  if (infers && body_size >= 16) infer_http(c, at + head_size + body_size - 16);
  else answer_path(c, text);
  return (ssize_t)(head_size + body_size);
}
