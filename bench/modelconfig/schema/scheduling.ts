/**
 * Messages of Triton's model_config.proto: how requests are queued, batched, sequenced and chained.
 * Each field reads `<number> [repeated] <type> [in <oneof>]`; types are named as in the .proto without the package.
 */
export const schedulingMessages: Record<string, Record<string, string>> = {
  ModelQueuePolicy: {
    timeout_action: '1 ModelQueuePolicy.TimeoutAction',
    default_timeout_microseconds: '2 uint64',
    allow_timeout_override: '3 bool',
    max_queue_size: '4 uint32',
  },
  ModelDynamicBatching: {
    preferred_batch_size: '1 repeated int32',
    max_queue_delay_microseconds: '2 uint64',
    preserve_ordering: '3 bool',
    priority_levels: '4 uint64',
    default_priority_level: '5 uint64',
    default_queue_policy: '6 ModelQueuePolicy',
    priority_queue_policy: '7 map<uint64, ModelQueuePolicy>',
  },
  ModelSequenceBatching: {
    direct: '3 ModelSequenceBatching.StrategyDirect in strategy_choice',
    oldest: '4 ModelSequenceBatching.StrategyOldest in strategy_choice',
    max_sequence_idle_microseconds: '1 uint64',
    control_input: '2 repeated ModelSequenceBatching.ControlInput',
    state: '5 repeated ModelSequenceBatching.State',
    iterative_sequence: '6 bool',
  },
  'ModelSequenceBatching.Control': {
    kind: '1 ModelSequenceBatching.Control.Kind',
    int32_false_true: '2 repeated int32',
    fp32_false_true: '3 repeated float',
    bool_false_true: '5 repeated bool',
    data_type: '4 DataType',
  },
  'ModelSequenceBatching.ControlInput': {
    name: '1 string',
    control: '2 repeated ModelSequenceBatching.Control',
  },
  'ModelSequenceBatching.InitialState': {
    data_type: '1 DataType',
    dims: '2 repeated int64',
    zero_data: '3 bool in state_data',
    data_file: '4 string in state_data',
    name: '5 string',
  },
  'ModelSequenceBatching.State': {
    input_name: '1 string',
    output_name: '2 string',
    data_type: '3 DataType',
    dims: '4 repeated int64',
    initial_state: '5 repeated ModelSequenceBatching.InitialState',
    use_same_buffer_for_input_output: '6 bool',
    use_growable_memory: '7 bool',
  },
  'ModelSequenceBatching.StrategyDirect': {
    max_queue_delay_microseconds: '1 uint64',
    minimum_slot_utilization: '2 float',
  },
  'ModelSequenceBatching.StrategyOldest': {
    max_candidate_sequences: '1 int32',
    preferred_batch_size: '2 repeated int32',
    max_queue_delay_microseconds: '3 uint64',
    preserve_ordering: '4 bool',
  },
  ModelEnsembling: {
    step: '1 repeated ModelEnsembling.Step',
    max_inflight_requests: '2 uint32',
  },
  'ModelEnsembling.Step': {
    model_name: '1 string',
    model_version: '2 int64',
    input_map: '3 map<string, string>',
    output_map: '4 map<string, string>',
    model_namespace: '5 string',
  },
};
