/** ONNX files of about 100 bytes for tests; `n` is the batch dimension. */
export const tinyModels = {
  /** value [n,1] FP32 = [10, 20, 30][index], index [n,1] INT64; any other index fails in the run. */
  gather: onnx(
    'CAc6cQodCgV0YWJsZQoFaW5kZXgSBXZhbHVlIgZHYXRoZXISAWcqGQgDEAFCBXRhYmxlSgwAACBBAACgQQAA8EFaGAoFaW5kZXgSDwoNCAcSCQoDEgFuCgIIAWIYCgV2YWx1ZRIPCg0IARIJCgMSAW4KAggBQgQKABAN',
  ),
  /** difference = a - b, each [n,2] FP32. */
  difference: onnx(
    'CAc6ZwoXCgFhCgFiEgpkaWZmZXJlbmNlIgNTdWISAWdaFAoBYRIPCg0IARIJCgMSAW4KAggCWhQKAWISDwoNCAESCQoDEgFuCgIIAmIdCgpkaWZmZXJlbmNlEg8KDQgBEgkKAxIBbgoCCAJCBAoAEA0=',
  ),
  /** y = x, strings, each [n,1]. */
  text: onnx('CAc6QQoQCgF4EgF5IghJZGVudGl0eRIBZ1oUCgF4Eg8KDQgIEgkKAxIBbgoCCAFiFAoBeRIPCg0ICBIJCgMSAW4KAggBQgQKABAN'),
  /** y, a scalar, = the sum of x [n] FP32; it cannot batch. */
  total: onnx(
    'CAc6RgoiCgF4EgF5IglSZWR1Y2VTdW0qDwoIa2VlcGRpbXMYAKABAhIBZ1oQCgF4EgsKCQgBEgUKAxIBbmILCgF5EgYKBAgBEgBCBAoAEA0=',
  ),
  /** y = x, FP32, each [n,1]. */
  identity: onnx(
    'CAc6QQoQCgF4EgF5IghJZGVudGl0eRIBZ1oUCgF4Eg8KDQgBEgkKAxIBbgoCCAFiFAoBeRIPCg0IARIJCgMSAW4KAggBQgQKABAN',
  ),
};

function onnx(base64: string): Uint8Array {
  return Buffer.from(base64, 'base64');
}
