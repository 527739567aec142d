// What the iris model answers to its first test row, as Triton computed it.
#pragma once
#include "loop.h"

#define MODEL "sklearn-onnx"

// label 2 as INT64, then three probabilities as FP32, for the row 7.3, 2.9, 6.3, 1.8.
static const unsigned char label_bytes[8] = {2};
static const unsigned char probability_bytes[12] = {0xeb, 0xec, 0, 0, 0x08, 0xfe, 0x28, 0x39, 0x70, 0xf5, 0x7f, 0x3f};

// A made-up microsecond for each request: a client that divides by counts must not meet zero.
enum { told_ns = 1000 };
