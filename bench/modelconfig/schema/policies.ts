/**
 * Messages of Triton's model_config.proto: versions, optimization, warm-up and the rest that surrounds execution.
 * Each field reads `<number> [repeated] <type> [in <oneof>]`; types are named as in the .proto without the package.
 */
export const policyMessages: Record<string, Record<string, string>> = {
  ModelVersionPolicy: {
    latest: '1 ModelVersionPolicy.Latest in policy_choice',
    all: '2 ModelVersionPolicy.All in policy_choice',
    specific: '3 ModelVersionPolicy.Specific in policy_choice',
  },
  'ModelVersionPolicy.Latest': { num_versions: '1 uint32' },
  'ModelVersionPolicy.All': {},
  'ModelVersionPolicy.Specific': { versions: '1 repeated int64' },
  ModelOptimizationPolicy: {
    graph: '1 ModelOptimizationPolicy.Graph',
    priority: '2 ModelOptimizationPolicy.ModelPriority',
    cuda: '3 ModelOptimizationPolicy.Cuda',
    execution_accelerators: '4 ModelOptimizationPolicy.ExecutionAccelerators',
    input_pinned_memory: '5 ModelOptimizationPolicy.PinnedMemoryBuffer',
    output_pinned_memory: '6 ModelOptimizationPolicy.PinnedMemoryBuffer',
    gather_kernel_buffer_threshold: '7 uint32',
    eager_batching: '8 bool',
  },
  'ModelOptimizationPolicy.Graph': { level: '1 int32' },
  'ModelOptimizationPolicy.Cuda': {
    graphs: '1 bool',
    busy_wait_events: '2 bool',
    graph_spec: '3 repeated ModelOptimizationPolicy.Cuda.GraphSpec',
    output_copy_stream: '4 bool',
  },
  'ModelOptimizationPolicy.Cuda.GraphSpec': {
    batch_size: '1 int32',
    input: '2 map<string, ModelOptimizationPolicy.Cuda.GraphSpec.Shape>',
    graph_lower_bound: '3 ModelOptimizationPolicy.Cuda.GraphSpec.LowerBound',
  },
  'ModelOptimizationPolicy.Cuda.GraphSpec.Shape': { dim: '1 repeated int64' },
  'ModelOptimizationPolicy.Cuda.GraphSpec.LowerBound': {
    batch_size: '1 int32',
    input: '2 map<string, ModelOptimizationPolicy.Cuda.GraphSpec.Shape>',
  },
  'ModelOptimizationPolicy.ExecutionAccelerators': {
    gpu_execution_accelerator: '1 repeated ModelOptimizationPolicy.ExecutionAccelerators.Accelerator',
    cpu_execution_accelerator: '2 repeated ModelOptimizationPolicy.ExecutionAccelerators.Accelerator',
  },
  'ModelOptimizationPolicy.ExecutionAccelerators.Accelerator': {
    name: '1 string',
    parameters: '2 map<string, string>',
  },
  'ModelOptimizationPolicy.PinnedMemoryBuffer': { enable: '1 bool' },
  ModelWarmup: {
    name: '1 string',
    batch_size: '2 uint32',
    inputs: '3 map<string, ModelWarmup.Input>',
    count: '4 uint32',
  },
  'ModelWarmup.Input': {
    data_type: '1 DataType',
    dims: '2 repeated int64',
    zero_data: '3 bool in input_data_type',
    random_data: '4 bool in input_data_type',
    input_data_file: '5 string in input_data_type',
  },
  ModelOperations: { op_library_filename: '1 repeated string' },
  ModelTransactionPolicy: { decoupled: '1 bool' },
  ModelRepositoryAgents: { agents: '1 repeated ModelRepositoryAgents.Agent' },
  'ModelRepositoryAgents.Agent': {
    name: '1 string',
    parameters: '2 map<string, string>',
  },
  ModelResponseCache: { enable: '1 bool' },
  ModelMetrics: { metric_control: '1 repeated ModelMetrics.MetricControl' },
  'ModelMetrics.MetricControl': {
    metric_identifier: '1 ModelMetrics.MetricControl.MetricIdentifier',
    histogram_options: '2 ModelMetrics.MetricControl.HistogramOptions in metric_options',
  },
  'ModelMetrics.MetricControl.MetricIdentifier': { family: '1 string' },
  'ModelMetrics.MetricControl.HistogramOptions': { buckets: '1 repeated double' },
};
