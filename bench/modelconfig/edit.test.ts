import assert from 'node:assert/strict';
import test from 'node:test';
import { editConfig } from './edit.ts';
import type { Settings } from './settings.ts';

const edits: { does: string; text: string; settings: Settings; gives: string }[] = [
  {
    does: 'sets a scalar and keeps the comment behind it',
    text: 'max_batch_size: 8 # eight\n',
    settings: { max_batch_size: 16 },
    gives: 'max_batch_size: 16 # eight\n',
  },
  {
    does: 'changes nothing where the value is there in another spelling',
    text: 'max_batch_size: 0x8\nname: "a" \'b\'\ninstance_group < kind: 2 gpus: [0 , 1] >',
    settings: { max_batch_size: 8, name: 'ab', 'instance_group.kind': 'KIND_CPU', 'instance_group.gpus': [0, 1] },
    gives: 'max_batch_size: 0x8\nname: "a" \'b\'\ninstance_group < kind: 2 gpus: [0 , 1] >',
  },
  {
    does: "keeps a string's quotes",
    text: "backend: 'a'\n",
    settings: { backend: 'it\'s "b"\n' },
    gives: "backend: 'it\\'s \"b\"\\n'\n",
  },
  {
    does: 'adds a field behind the last one, in the indentation of the file',
    text: 'optimization {\n\tgraph {\n\t\tlevel: 1 # one\n\t}\n}\n# end\n',
    settings: { 'optimization.graph.level': 2, 'optimization.cuda.graphs': true, max_batch_size: 4 },
    gives:
      'optimization {\n\tgraph {\n\t\tlevel: 2 # one\n\t}\n\tcuda {\n\t\tgraphs: true\n\t}\n}\nmax_batch_size: 4\n# end\n',
  },
  {
    does: 'keeps line ends of two characters',
    text: 'name: "x" # n\r\ndynamic_batching {\r\n  preserve_ordering: true\r\n}\r\n',
    settings: { 'dynamic_batching.priority_levels': 2, 'instance_group.count': 1 },
    gives:
      'name: "x" # n\r\ndynamic_batching {\r\n  preserve_ordering: true\r\n  priority_levels: 2\r\n}\r\n' +
      'instance_group [\r\n  {\r\n    count: 1\r\n  }\r\n]\r\n',
  },
  {
    does: 'adds within a line where the message is one line',
    text: 'instance_group [ { count: 1 } ]\ndynamic_batching { }\noptimization{}\n',
    settings: {
      'instance_group.kind': 'KIND_CPU',
      'dynamic_batching.preferred_batch_size': [4, 8],
      'optimization.graph.level': 1,
    },
    gives:
      'instance_group [ { count: 1 kind: KIND_CPU } ]\ndynamic_batching { preferred_batch_size: [ 4, 8 ] }\n' +
      'optimization{ graph { level: 1 } }\n',
  },
  {
    does: 'follows the separators of a message',
    text: 'instance_group { count: 1, kind: KIND_CPU }\ndynamic_batching { preserve_ordering: true, }\n',
    settings: { 'instance_group.gpus': [0], 'dynamic_batching.priority_levels': 2 },
    gives:
      'instance_group { count: 1, kind: KIND_CPU, gpus: [ 0 ] }\ndynamic_batching { preserve_ordering: true, priority_levels: 2, }\n',
  },
  {
    does: 'writes lists as the file does: without blanks',
    text: 'input { dims: [1,2] }\n',
    settings: { 'input.dims': [3, 4], 'dynamic_batching.preferred_batch_size': [8] },
    gives: 'input { dims: [3, 4] }\ndynamic_batching {\n  preferred_batch_size: [8]\n}\n',
  },
  {
    does: 'appends an element to a list of lines, with its comment left where it is',
    text: 'instance_group [\n  {\n    count: 1\n  } # first\n]\n',
    settings: { 'instance_group[+]': { count: 2, kind: 'KIND_GPU', gpus: [0] } },
    gives:
      'instance_group [\n  {\n    count: 1\n  }, # first\n  {\n    kind: KIND_GPU\n    count: 2\n    gpus: [ 0 ]\n  }\n]\n',
  },
  {
    does: 'appends at the index behind the last element, to blocks as a block',
    text: 'input { name: "a" }\ninput { name: "b" }\noutput { name: "c" }\n',
    settings: { 'input[2].name': 'd' },
    gives: 'input { name: "a" }\ninput { name: "b" }\ninput {\n  name: "d"\n}\noutput { name: "c" }\n',
  },
  {
    does: 'fills an empty list',
    text: 'instance_group [ ]\ninput { dims: [] }\ninstance_group [\n  # none\n]\n',
    settings: { 'input.dims': [1], 'instance_group[0].count': 1 },
    gives: 'instance_group [ ]\ninput { dims: [ 1 ] }\ninstance_group [\n  # none\n  {\n    count: 1\n  }\n]\n',
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
