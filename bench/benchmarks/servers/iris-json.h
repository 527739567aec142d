// What Triton answers in JSON: to an inference request, in front of the tensors, and to all that a client asks before it
// sends load.
#pragma once
#include "iris.h"
#include <stdarg.h>

static const char infer_json[] =
  "{\"model_name\":\"" MODEL "\",\"model_version\":\"1\",\"outputs\":["
  "{\"name\":\"label\",\"datatype\":\"INT64\",\"shape\":[1,1],\"parameters\":{\"binary_data_size\":8}},"
  "{\"name\":\"probabilities\",\"datatype\":\"FP32\",\"shape\":[1,3],\"parameters\":{\"binary_data_size\":12}}]}";

static const char server_json[] =
  "{\"name\":\"triton\",\"version\":\"2.51.0\",\"extensions\":[\"binary_tensor_data\",\"model_configuration\",\"statistics\"]}";

static const char model_json[] =
  "{\"name\":\"" MODEL "\",\"versions\":[\"1\"],\"platform\":\"onnxruntime_onnx\","
  "\"inputs\":[{\"name\":\"input\",\"datatype\":\"FP32\",\"shape\":[-1,4]}],"
  "\"outputs\":[{\"name\":\"label\",\"datatype\":\"INT64\",\"shape\":[-1,1]},"
  "{\"name\":\"probabilities\",\"datatype\":\"FP32\",\"shape\":[-1,3]}]}";

static const char config_json[] =
  "{\"name\":\"" MODEL "\",\"platform\":\"onnxruntime_onnx\",\"backend\":\"onnxruntime\",\"max_batch_size\":64,"
  "\"input\":[{\"name\":\"input\",\"data_type\":\"TYPE_FP32\",\"format\":\"FORMAT_NONE\",\"dims\":[4]}],"
  "\"output\":[{\"name\":\"label\",\"data_type\":\"TYPE_INT64\",\"dims\":[1]},"
  "{\"name\":\"probabilities\",\"data_type\":\"TYPE_FP32\",\"dims\":[3]}],\"dynamic_batching\":{},"
  "\"instance_group\":[{\"name\":\"" MODEL "_0\",\"kind\":\"KIND_CPU\",\"count\":1}]}";

__attribute__((format(printf, 2, 3))) static void append_text(struct bytes *b, const char *format, ...) {
  char text[4096];
  va_list rest;
  va_start(rest, format);
  int size = vsnprintf(text, sizeof text, format, rest);
  va_end(rest);
  append(b, text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
}

static void append_statistics_json(struct bytes *b) {
  static const struct {
    const char *name;
    bool counts;
  } parts[] = {{"success", true},       {"fail", false},         {"queue", true},     {"compute_input", true},
               {"compute_infer", true}, {"compute_output", true}, {"cache_hit", false}, {"cache_miss", false}};
  unsigned long long n = answered_count;
  append_text(b, "{\"model_stats\":[{\"name\":\"" MODEL "\",\"version\":\"1\",\"last_inference\":0,");
  append_text(b, "\"inference_count\":%llu,\"execution_count\":%llu,\"inference_stats\":{", n, n);
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    unsigned long long count = parts[i].counts ? n : 0;
    append_text(b, "%s\"%s\":{\"count\":%llu,\"ns\":%llu}", i == 0 ? "" : ",", parts[i].name, count, count * told_ns);
  }
  append_text(b, "},\"response_stats\":{},\"batch_stats\":[],\"memory_usage\":[]}]}");
}
