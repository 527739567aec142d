import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { decodeByteStrings, decodeElements } from '../../kserve/tensors.ts';
import { pythonPath, requires } from '../../testing/requires.ts';
import { model } from './data.fixture.ts';
import { readNpy } from './npy.ts';
import { npyData } from './npy-data.ts';
import { makeWorkload } from './workload.ts';

/** Writes 4 rows of [3, 2] in each datatype, byte order, memory order and format, and prints the values as JSON. */
const script = `
import json, sys
import numpy as np
base = np.arange(24).reshape(4, 3, 2)
names = {'i1':'INT8','i2':'INT16','i4':'INT32','i8':'INT64','u1':'UINT8','u2':'UINT16','u4':'UINT32','u8':'UINT64','f2':'FP16','f4':'FP32','f8':'FP64','?':'BOOL','S5':'BYTES','U5':'BYTES'}
made = []
for code, datatype in names.items():
    for order in '<>':
        for memory in 'CF':
            for version in ((1, 0), (2, 0), (3, 0)):
                values = base % 2 == 0 if code == '?' else base - 7 if code[0] == 'i' else base / 7 if code[0] == 'f' else base * 10
                array = np.asarray(values.astype('<' + code if code != '?' else code), order=memory)
                if code != '?': array = array.astype(order + code, order=memory)
                file = f'{len(made)}.npy'
                with open(file, 'wb') as out: np.lib.format.write_array(out, array, version=version)
                text = array.astype(str) if datatype == 'BYTES' else array.astype('f8') if code[0] == 'f' else array
                made.append({'file': file, 'code': order + code + memory, 'datatype': datatype, 'rows': [row.ravel().tolist() for row in text]})
json.dump(made, sys.stdout)
`;

test('files that NumPy wrote are read as NumPy reads them', requires('python'), async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tritune-numpy-'));
  try {
    const { stdout } = await execa(pythonPath(), ['-c', script], { cwd: folder });
    const made = JSON.parse(stdout) as { file: string; code: string; datatype: string; rows: unknown[][] }[];
    assert.equal(made.length, 14 * 2 * 2 * 3);
    for (const { file, code, datatype, rows } of made) {
      const data = npyData(new Map([[null, await readNpy(join(folder, file))]]));
      const { inputs } = makeWorkload(data, model([`x ${datatype} -1,3,2`]), 2);
      const first = inputs.map(([tensor]) => {
        assert.deepEqual(tensor?.shape, [2, 3, 2]);
        if (datatype === 'BYTES')
          return (decodeByteStrings(tensor.data) ?? []).map((text) => Buffer.from(text).toString());
        return decodeElements(tensor.datatype, tensor.data).map(Number);
      });
      const wanted = rows.map((row, index) => [...row, ...(rows[(index + 1) % rows.length] ?? [])]);
      assert.deepEqual(first, datatype === 'BYTES' ? wanted : wanted.map((row) => row.map(Number)), code);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
