import assert from 'node:assert/strict';
import test from 'node:test';
import { editConfig } from './edit.ts';
import type { Settings } from './settings.ts';

const iris = `# The model of the examples.
name: "iris"  # the folder's name
max_batch_size: 8
input [
  {
    name: "input"
    dims: [ 4 ]
  }
]
output [ { name: "label" dims: [ 1 ] reshape { shape: [ ] } } ]
instance_group [
  {
    count: 2  # as many as sockets
    kind: KIND_CPU
  }
]
dynamic_batching {
  # microseconds
  max_queue_delay_microseconds: 100
}
# the end
`;

const edits: { does: string; text: string; settings: Settings; gives: string }[] = [
  {
    does: 'removes a block with its lines and the comment behind it, and keeps the comment above',
    text: 'name: "x"\n# batching\ndynamic_batching {\n  # inside\n} # behind\nmax_batch_size: 4\n',
    settings: { dynamic_batching: null },
    gives: 'name: "x"\n# batching\nmax_batch_size: 4\n',
  },
  {
    does: 'removes within a line',
    text: 'instance_group { count: 1, kind: KIND_CPU }\noptimization{graph{level:1}priority:1}\n',
    settings: { 'instance_group.count': null, 'optimization.graph': null },
    gives: 'instance_group { kind: KIND_CPU }\noptimization{priority:1}\n',
  },
  {
    does: 'keeps words apart where what was between them goes',
    text: 'optimization{eager_batching:t graph{}priority:1}\n',
    settings: { 'optimization.graph': null },
    gives: 'optimization{eager_batching:t priority:1}\n',
  },
  {
    does: 'removes an element of a list with its comma: the first, the last, the only one',
    text: 'instance_group [ { count: 1 }, { count: 2 }, { count: 3 } ]\n',
    settings: { 'instance_group[2]': null, 'instance_group[0]': null },
    gives: 'instance_group [ { count: 2 } ]\n',
  },
  {
    does: 'removes the last element together with the field',
    text: 'name: "x"\ninstance_group [ { count: 1 } ]\n',
    settings: { 'instance_group[0]': null },
    gives: 'name: "x"\n',
  },
  {
    does: 'removes nothing that is not there',
    text: iris,
    settings: {
      sequence_batching: null,
      'parameters.x': null,
      'optimization.graph.level': null,
      'input.reshape': null,
    },
    gives: iris,
  },
  {
    does: 'writes a parameter in one line, a number as text',
    text: 'name: "x"\n',
    settings: { 'parameters.intra_op_thread_count': 2, 'parameters["a.b"]': 'c' },
    gives:
      'name: "x"\nparameters { key: "intra_op_thread_count" value { string_value: "2" } }\n' +
      'parameters { key: "a.b" value { string_value: "c" } }\n',
  },
  {
    does: 'writes a parameter as those before it, and behind them',
    text: 'parameters: {\n  key: "a"\n  value: {\n    string_value: "1"\n  }\n}\nname: "x"\n',
    settings: { 'parameters.b': 2, 'parameters.a.string_value': '3' },
    gives:
      'parameters: {\n  key: "a"\n  value: {\n    string_value: "3"\n  }\n}\n' +
      'parameters: {\n  key: "b"\n  value: {\n    string_value: "2"\n  }\n}\nname: "x"\n',
  },
  {
    does: 'removes every entry of a key, in lists too',
    text: 'metric_tags [ { key: "a" value: "1" }, { key: "b" value: "2" }, { key: "a" value: "3" } ]\n',
    settings: { 'metric_tags.a': null },
    gives: 'metric_tags [ { key: "b" value: "2" } ]\n',
  },
  {
    does: 'makes a message exactly the object, and keeps the text of what stays the same',
    text: iris,
    settings: { instance_group: [{ count: 2, gpus: [0] }], dynamic_batching: {} },
    gives: iris
      .replace('    kind: KIND_CPU\n', '    gpus: [ 0 ]\n')
      .replace('  max_queue_delay_microseconds: 100\n', ''),
  },
  {
    does: 'swaps one scheduler for another, in either order of the settings',
    text: 'dynamic_batching { }\n',
    settings: { 'sequence_batching.oldest.max_candidate_sequences': 4, dynamic_batching: null },
    gives: 'sequence_batching {\n  oldest {\n    max_candidate_sequences: 4\n  }\n}\n',
  },
  {
    does: 'starts an empty file',
    text: '# nothing yet',
    settings: { name: 'x', 'version_policy.specific.versions': [1, 3] },
    gives: '# nothing yet\nname: "x"\nversion_policy {\n  specific {\n    versions: [ 1, 3 ]\n  }\n}\n',
  },
  {
    does: 'adds to a file without a last line end',
    text: 'name: "x"',
    settings: { max_batch_size: 1 },
    gives: 'name: "x"\nmax_batch_size: 1',
  },
  {
    does: 'adds behind a comment without a last line end',
    text: 'name: "x" # c',
    settings: { max_batch_size: 1 },
    gives: 'name: "x" # c\nmax_batch_size: 1',
  },
  {
    does: 'sets floats, infinities, bools, enums by number and map keys that are numbers',
    text: '',
    settings: {
      'sequence_batching.direct.minimum_slot_utilization': 0.1,
      'model_metrics.metric_control.histogram_options.buckets': [0.5, Number.POSITIVE_INFINITY, Number.NaN],
      'response_cache.enable': true,
      'optimization.priority': 1,
      'sequence_batching.iterative_sequence': false,
    },
    gives:
      'sequence_batching {\n  direct {\n    minimum_slot_utilization: 0.1\n  }\n  iterative_sequence: false\n}\n' +
      'model_metrics {\n  metric_control [\n    {\n      histogram_options {\n        buckets: [ 0.5, inf, nan ]\n      }\n    }\n  ]\n}\n' +
      'response_cache {\n  enable: true\n}\noptimization {\n  priority: PRIORITY_MAX\n}\n',
  },
  {
    does: 'keeps a new entry apart from the word behind it',
    text: 'metric_tags{key:"a"}name:"x"\n',
    settings: { 'metric_tags.b': 'c' },
    gives: 'metric_tags{key:"a"} metric_tags { key: "b" value: "c" } name:"x"\n',
  },
  {
    does: 'fills an empty block of two lines that end in two characters',
    text: 'dynamic_batching {\r\n}\r\n',
    settings: { 'dynamic_batching.priority_levels': 2 },
    gives: 'dynamic_batching {\r\n  priority_levels: 2\r\n}\r\n',
  },
  {
    does: 'adds no separator where not all fields have one',
    text: 'instance_group { count: 1, kind: KIND_CPU passive: true }\n',
    settings: { 'instance_group.gpus': [0] },
    gives: 'instance_group { count: 1, kind: KIND_CPU passive: true gpus: [ 0 ] }\n',
  },
  {
    does: 'writes a repeated message as a block where the file does',
    text: 'input {\n  name: "a"\n}\n',
    settings: { 'instance_group.count': 1 },
    gives: 'input {\n  name: "a"\n}\ninstance_group {\n  count: 1\n}\n',
  },
  {
    does: 'changes the entry that counts where a key is there twice: the last',
    text: 'metric_tags { key: "a" value: "1" } metric_tags { key: "a" value: "2" }\n',
    settings: { 'metric_tags.a': '3' },
    gives: 'metric_tags { key: "a" value: "1" } metric_tags { key: "a" value: "3" }\n',
  },
  {
    does: 'leaves an empty list where none is asked for',
    text: 'model_operations { op_library_filename: [ ] }\ninput [ ]\n',
    settings: { model_operations: {}, input: [], batch_input: [] },
    gives: 'model_operations { op_library_filename: [ ] }\ninput [ ]\n',
  },
  {
    does: 'takes __proto__ for a key like any other',
    text: '',
    settings: { 'parameters.__proto__': 'p', metric_tags: JSON.parse('{"__proto__":"q"}') },
    gives: 'parameters { key: "__proto__" value { string_value: "p" } }\nmetric_tags { key: "__proto__" value: "q" }\n',
  },
];

for (const { does, text, settings, gives } of edits) {
  test(`editConfig ${does}`, () => {
    assert.equal(editConfig(text, 'config.pbtxt', settings), gives);
    if (!Object.keys(settings).some((path) => /\[(\d|\+)/.test(path))) {
      assert.equal(editConfig(gives, 'config.pbtxt', settings), gives);
    }
  });
}
