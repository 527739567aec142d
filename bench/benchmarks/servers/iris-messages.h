// The same for gRPC: the messages of the KServe protocol, written field by field.
#pragma once
#include "iris.h"

static void append_varint(struct bytes *b, uint64_t value) {
  do {
    unsigned char next = (unsigned char)((value & 127) | (value > 127 ? 128 : 0));
    append(b, &next, 1);
  } while ((value >>= 7) > 0);
}

static void append_number(struct bytes *b, unsigned field, uint64_t value) {
  append_varint(b, field << 3);
  append_varint(b, value);
}

static void append_field(struct bytes *b, unsigned field, const void *data, size_t size) {
  append_varint(b, field << 3 | 2);
  append_varint(b, size);
  append(b, data, size);
}

static void append_string(struct bytes *b, unsigned field, const char *text) { append_field(b, field, text, strlen(text)); }

// A message within a message; the inner one is done with afterwards.
static void append_message(struct bytes *b, unsigned field, struct bytes *inner) {
  append_field(b, field, inner->at, inner->size);
  free(inner->at);
  *inner = (struct bytes){0};
}

// Name, datatype and a shape of two, as tensors are described in metadata and answers.
static void append_tensor(struct bytes *b, unsigned field, const char *name, const char *datatype, const int64_t shape[2]) {
  struct bytes tensor = {0}, dims = {0};
  append_string(&tensor, 1, name);
  append_string(&tensor, 2, datatype);
  for (int i = 0; i < 2; i++) append_varint(&dims, (uint64_t)shape[i]);
  append_message(&tensor, 3, &dims);
  append_message(b, field, &tensor);
}

static void append_infer_message(struct bytes *b) {
  append_string(b, 1, MODEL);
  append_string(b, 2, "1");
  append_tensor(b, 5, "label", "INT64", (const int64_t[]){1, 1});
  append_tensor(b, 5, "probabilities", "FP32", (const int64_t[]){1, 3});
  append_field(b, 6, label_bytes, sizeof label_bytes);
  append_field(b, 6, probability_bytes, sizeof probability_bytes);
}

static void append_server_message(struct bytes *b) {
  append_string(b, 1, "triton");
  append_string(b, 2, "2.51.0");
  append_string(b, 3, "binary_tensor_data");
  append_string(b, 3, "model_configuration");
  append_string(b, 3, "statistics");
}

static void append_model_message(struct bytes *b) {
  append_string(b, 1, MODEL);
  append_string(b, 2, "1");
  append_string(b, 3, "onnxruntime_onnx");
  append_tensor(b, 4, "input", "FP32", (const int64_t[]){-1, 4});
  append_tensor(b, 5, "label", "INT64", (const int64_t[]){-1, 1});
  append_tensor(b, 5, "probabilities", "FP32", (const int64_t[]){-1, 3});
}

// One tensor of a ModelConfig: inputs have their dims in field 4, outputs in field 3.
static void append_config_tensor(struct bytes *b, bool is_input, const char *name, uint64_t data_type, unsigned char dim) {
  struct bytes tensor = {0};
  append_string(&tensor, 1, name);
  append_number(&tensor, 2, data_type);
  append_field(&tensor, is_input ? 4 : 3, &dim, 1);
  append_message(b, is_input ? 5 : 6, &tensor);
}

static void append_config_message(struct bytes *b) {
  enum { type_int64 = 9, type_fp32 = 11, kind_cpu = 2 };
  struct bytes config = {0}, group = {0};
  append_string(&config, 1, MODEL);
  append_string(&config, 2, "onnxruntime_onnx");
  append_number(&config, 4, 64);
  append_config_tensor(&config, true, "input", type_fp32, 4);
  append_config_tensor(&config, false, "label", type_int64, 1);
  append_config_tensor(&config, false, "probabilities", type_fp32, 3);
  append_string(&group, 1, MODEL "_0");
  append_number(&group, 2, 1);
  append_number(&group, 4, kind_cpu);
  append_message(&config, 7, &group);
  append_string(&config, 8, "model.onnx");
  append_string(&config, 11, "");
  append_string(&config, 17, "onnxruntime");
  append_message(b, 1, &config);
}

static void append_statistics_message(struct bytes *b) {
  struct bytes model = {0}, all = {0};
  append_string(&model, 1, MODEL);
  append_string(&model, 2, "1");
  append_number(&model, 4, answered_count);
  append_number(&model, 5, answered_count);
  // success, fail, queue, compute input, infer and output, cache hit and miss
  for (unsigned field = 1; field <= 8; field++) {
    struct bytes duration = {0};
    if (field != 2 && field < 7) {
      append_number(&duration, 1, answered_count);
      append_number(&duration, 2, answered_count * told_ns);
    }
    append_message(&all, field, &duration);
  }
  append_message(&model, 6, &all);
  append_message(b, 1, &model);
}
