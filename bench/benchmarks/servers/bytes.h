// Bytes that grow at the end and are taken from the front.
#pragma once
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
  unsigned char *at;
  size_t size, capacity;
};

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void append(struct bytes *b, const void *data, size_t size) {
  if (b->size + size > b->capacity) {
    b->capacity = (b->size + size) * 2 + 4096;
    if ((b->at = realloc(b->at, b->capacity)) == NULL) die("memory");
  }
  if (size > 0) memcpy(b->at + b->size, data, size);
  b->size += size;
}

static void drop_front(struct bytes *b, size_t size) {
  b->size -= size;
  if (b->size > 0 && size > 0) memmove(b->at, b->at + size, b->size);
}
