// Header compression of HTTP/2 (RFC 7541), as much as it takes to learn the path of each request: the dynamic table must be
// kept exactly, or every later header is misread.
#pragma once
#include "loop.h"

struct header {
  char *name, *value;
};

enum { static_count = 61, table_limit = 4096, entry_overhead = 32 };

struct header_table {
  // A ring of the most entries that fit: the newest is `newest`, older ones follow it.
  struct header entries[table_limit / entry_overhead];
  unsigned newest, count;
  size_t size, limit;
};

static const char *const static_names[static_count] = {
  ":authority", ":method", ":method", ":path", ":path", ":scheme", ":scheme", ":status", ":status", ":status", ":status",
  ":status", ":status", ":status", "accept-charset", "accept-encoding", "accept-language", "accept-ranges", "accept",
  "access-control-allow-origin", "age", "allow", "authorization", "cache-control", "content-disposition",
  "content-encoding", "content-language", "content-length", "content-location", "content-range", "content-type", "cookie",
  "date", "etag", "expect", "expires", "from", "host", "if-match", "if-modified-since", "if-none-match", "if-range",
  "if-unmodified-since", "last-modified", "link", "location", "max-forwards", "proxy-authenticate", "proxy-authorization",
  "range", "referer", "refresh", "retry-after", "server", "set-cookie", "strict-transport-security", "transfer-encoding",
  "user-agent", "vary", "via", "www-authenticate"};

// The bits that each octet and, last, the end of a string take in the canonical Huffman code.
static const unsigned char huffman_bits[257] = {
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28,
  28, 6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11, 8,  6,  6,  6,  5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8,  15, 6,
  12, 10, 13, 6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8,  13, 19,
  13, 14, 6,  15, 5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,  6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7,  15,
  11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22,
  23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22,
  22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21,
  21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27,
  27, 28, 27, 27, 27, 27, 27, 26, 30};

// For each length, its first code, how many there are, and where their octets begin in the order of the code.
static struct {
  uint32_t first[31];
  unsigned count[31], start[31];
  unsigned short octets[257];
} huffman;

static void make_huffman(void) {
  uint32_t code = 0;
  unsigned at = 0;
  for (unsigned bits = 1; bits <= 30; bits++) {
    huffman.first[bits] = code <<= 1;
    huffman.start[bits] = at;
    for (unsigned octet = 0; octet < 257; octet++)
      if (huffman_bits[octet] == bits) huffman.octets[at++] = (unsigned short)octet;
    huffman.count[bits] = at - huffman.start[bits];
    code += huffman.count[bits];
  }
}

// The text that was packed; NULL where it is none.
static char *unpack(const unsigned char *at, size_t size) {
  // The shortest code has 5 bits.
  char *text = malloc(size * 8 / 5 + 2), *end = text;
  uint32_t code = 0;
  unsigned bits = 0;
  for (size_t i = 0; i < size * 8; i++) {
    code = code << 1 | (at[i / 8] >> (7 - i % 8) & 1);
    if (++bits > 30) break;
    if (code - huffman.first[bits] >= huffman.count[bits] || code < huffman.first[bits]) continue;
    *end++ = (char)huffman.octets[huffman.start[bits] + code - huffman.first[bits]];
    code = bits = 0;
  }
  *end = 0;
  // What is left may only be padding: less than an octet, all ones.
  if (bits < 8 && code == (1u << bits) - 1) return text;
  free(text);
  return NULL;
}

struct reader {
  const unsigned char *at, *end;
  bool bad;
};

static uint32_t read_integer(struct reader *r, unsigned prefix_bits) {
  uint32_t mask = (1u << prefix_bits) - 1, value = r->at < r->end ? *r->at++ & mask : 0;
  if (value < mask) return value;
  for (unsigned shift = 0; r->at < r->end && shift < 28; shift += 7) {
    value += (uint32_t)(*r->at & 127) << shift;
    if ((*r->at++ & 128) == 0) return value;
  }
  r->bad = true;
  return 0;
}

static char *read_string(struct reader *r) {
  bool packed = r->at < r->end && *r->at & 128;
  uint32_t size = read_integer(r, 7);
  if (r->bad || size > (size_t)(r->end - r->at)) {
    r->bad = true;
    return NULL;
  }
  char *text = packed ? unpack(r->at, size) : strndup((const char *)r->at, size);
  r->at += size;
  if (text == NULL) r->bad = true;
  return text;
}

static size_t entry_size(const struct header *h) { return strlen(h->name) + strlen(h->value) + entry_overhead; }

static void evict(struct header_table *t, size_t limit) {
  const unsigned capacity = sizeof t->entries / sizeof *t->entries;
  while (t->count > 0 && t->size > limit) {
    struct header *oldest = &t->entries[(t->newest + capacity - --t->count) % capacity];
    t->size -= entry_size(oldest);
    free(oldest->name);
    free(oldest->value);
  }
}

// Takes a header into the table, which owns it then; false where it is larger than the table, which is then empty.
static bool remember(struct header_table *t, struct header h) {
  const unsigned capacity = sizeof t->entries / sizeof *t->entries;
  size_t size = entry_size(&h);
  evict(t, size > t->limit ? 0 : t->limit - size);
  if (size > t->limit) return false;
  t->newest = (t->newest + 1) % capacity;
  t->entries[t->newest] = h;
  t->count++;
  t->size += size;
  return true;
}

static struct header *dynamic_entry(struct header_table *t, uint32_t index) {
  const unsigned capacity = sizeof t->entries / sizeof *t->entries;
  uint32_t age = index - static_count - 1;
  return index <= static_count || age >= t->count ? NULL : &t->entries[(t->newest + capacity - age) % capacity];
}

// Tells of one header: what `value` points to lasts no longer than the call.
typedef void header_listener(void *context, const char *name, const char *value);

static void read_literal(struct header_table *t, struct reader *r, header_listener *tell, void *context) {
  bool indexing = *r->at & 64;
  uint32_t index = read_integer(r, indexing ? 6 : 4);
  struct header *known = dynamic_entry(t, index), h = {0};
  if (index == 0) h.name = read_string(r);
  else if (index <= static_count) h.name = strdup(static_names[index - 1]);
  else if (known != NULL) h.name = strdup(known->name);
  if (h.name != NULL) h.value = read_string(r);
  if (h.value == NULL) r->bad = true;
  else tell(context, h.name, h.value);
  if (!r->bad && indexing && remember(t, h)) return;
  free(h.name);
  free(h.value);
}

// Reads one whole block of headers; false where it is none. Values out of the static table are told as "".
static bool read_headers(struct header_table *t, const unsigned char *at, size_t size, header_listener *tell, void *context) {
  struct reader r = {.at = at, .end = at + size};
  while (r.at < r.end && !r.bad) {
    if (*r.at & 128) {
      uint32_t index = read_integer(&r, 7);
      struct header *known = dynamic_entry(t, index);
      if (known != NULL) tell(context, known->name, known->value);
      else if (index >= 1 && index <= static_count) tell(context, static_names[index - 1], "");
      else r.bad = true;
    } else if ((*r.at & 0xe0) == 0x20) {
      t->limit = read_integer(&r, 5);
      if (t->limit > table_limit) r.bad = true;
      else evict(t, t->limit);
    } else {
      read_literal(t, &r, tell, context);
    }
  }
  return !r.bad;
}
