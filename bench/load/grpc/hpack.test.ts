import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { frameFlags, frameTypes } from './frames.ts';
import { HpackDecoder, headerListLimitBytes } from './hpack-decoder.ts';
import { decodeHuffman } from './hpack-huffman.ts';
import { Malformed } from './malformed.ts';

describe('HPACK decodes the examples of RFC 7541', () => {
  it('C.2: single headers', () => {
    assert.deepEqual(decode('400a637573746f6d2d6b65790d637573746f6d2d686561646572'), [['custom-key', 'custom-header']]);
    assert.deepEqual(decode('040c2f73616d706c652f70617468'), [[':path', '/sample/path']]);
    assert.deepEqual(decode('100870617373776f726406736563726574'), [['password', 'secret']]);
    assert.deepEqual(decode('82'), [[':method', 'GET']]);
  });

  const requests = [
    [':method GET', ':scheme http', ':path /', ':authority www.example.com'],
    [':method GET', ':scheme http', ':path /', ':authority www.example.com', 'cache-control no-cache'],
    [':method GET', ':scheme https', ':path /index.html', ':authority www.example.com', 'custom-key custom-value'],
  ];
  it('C.3: three requests', () => {
    const blocks = [
      '828684410f7777772e6578616d706c652e636f6d',
      '828684be58086e6f2d6361636865',
      '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
    ];
    assert.deepEqual(decodeAll(blocks), requests);
  });

  it('C.4: the same with Huffman codes', () => {
    const blocks = [
      '828684418cf1e3c2e5f23a6ba0ab90f4ff',
      '828684be5886a8eb10649cbf',
      '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
    ];
    assert.deepEqual(decodeAll(blocks), requests);
  });

  const date = (second: number): string => `date Mon, 21 Oct 2013 20:13:${second} GMT`;
  const responses = [
    [':status 302', 'cache-control private', date(21), 'location https://www.example.com'],
    [':status 307', 'cache-control private', date(21), 'location https://www.example.com'],
    [
      ':status 200',
      'cache-control private',
      date(22),
      'location https://www.example.com',
      'content-encoding gzip',
      'set-cookie foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
    ],
  ];
  /** A table of 256 bytes, as these examples want it, from which entries fall out. */
  const table256 = '3fe101';
  it('C.5: three responses with a table that is too small for them', () => {
    const blocks = [
      `${table256}4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e17` +
        '68747470733a2f2f7777772e6578616d706c652e636f6d',
      '4803333037c1c0bf',
      '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738' +
        '666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
    ];
    assert.deepEqual(decodeAll(blocks), responses);
  });

  it('C.6: the same with Huffman codes', () => {
    const blocks = [
      `${table256}488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3`,
      '4883640effc1c0bf',
      '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af2708' +
        '7f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
    ];
    assert.deepEqual(decodeAll(blocks), responses);
  });
});

describe('a header block', () => {
  const decoder = (): HpackDecoder => new HpackDecoder();
  const contained = (block: string, from = decoder()): boolean => from.decode(bytes(block)).selfContained;

  it('is self-contained where the dynamic table has no part in it', () => {
    assert.equal(contained('88000161017a'), true);
    assert.equal(contained('88100161027a7a'), true);
    assert.equal(contained('400161017a'), false);
    const used = decoder();
    used.decode(bytes('400161017a'));
    assert.equal(contained('be', used), false);
    assert.equal(contained('2088', used), false);
    assert.equal(contained('2088', used), true);
  });

  it('is self-contained in spite of an entry that no table keeps', () => {
    const emptied = decoder();
    emptied.decode(bytes('20'));
    assert.equal(contained('400161017a', emptied), false);
    emptied.limitTable(0);
    assert.equal(contained('400161017a', emptied), true);
    assert.throws(() => emptied.decode(bytes('be')), Malformed);
  });

  it('may enlarge the table up to what was offered', () => {
    const small = decoder();
    small.decode(bytes('3fe11f')); // 4096
    assert.throws(() => small.decode(bytes('3fe21f')), /4097 bytes was not offered/);
    small.limitTable(0);
    assert.throws(() => small.decode(bytes('21')), Malformed);
  });

  const broken: [string, string][] = [
    ['index 0', '80'],
    ['an index beyond both tables', 'be'],
    ['an index without an end', 'ffffffff'],
    ['an index of 5 bytes', 'ff8080808001'],
    ['a name that is cut off', '0005'],
    ['a value that is cut off', '0001610261'],
    ['a value without a length', '000161'],
    ['a change of the table behind a header', '8820'],
    ['the symbol that ends a string', '00016184ffffffff'],
    ['padding of 8 bits', '000161821fff'],
    ['padding with a 0 in it', '0001618100'],
  ];
  for (const [what, block] of broken) {
    it(`is refused with ${what}`, () => assert.throws(() => decoder().decode(bytes(block)), Malformed));
  }

  it('is refused where its headers are much longer than itself', () => {
    const value = 'a'.repeat(3000);
    const first = Buffer.concat([bytes('4001627f'), varint(3000 - 127), Buffer.from(value)]);
    const bomb = Buffer.concat([first, Buffer.alloc(Math.ceil(headerListLimitBytes / 3033), 0xbe)]);
    assert.throws(() => decoder().decode(bomb), /more than 65536 bytes/);
  });
});

describe('the Huffman code', () => {
  it('is that of nghttp2 for every character that it lets through', async () => {
    const codes = Array.from({ length: 256 }, (_, code) => code).filter((code) => code >= 0x20 && code !== 0x7f);
    // Zeros are short: each value becomes shorter by its code.
    const headers = codes.map((code) => [`x-${code}`, `${'0'.repeat(40)}${String.fromCharCode(code)}0`] as const);
    const block = await encodedByNghttp2(Object.fromEntries(headers));
    assert(block.byteLength < 222 * 40);
    const decoded = new Map(new HpackDecoder().decode(block).headers);
    for (const [name, value] of headers) assert.equal(decoded.get(name), value, name);
  });

  it('has the codes of appendix B for those that it does not let through', () => {
    const samples: [string, string][] = [
      ['ffc7', '\0'],
      ['fffffff3', '\n'],
      ['fffffff7', '\r'],
      ['fffffffb', '\x16'],
      ['ffffffcf', '\x7f'],
      ['ffffea', '\t'],
    ];
    for (const [hex, text] of samples) {
      const code = bytes(hex);
      assert.equal(decodeHuffman(code, 0, code.byteLength), text);
    }
  });
});

/** The header block of a request with these headers, as Node's own HTTP/2 sends it. */
async function encodedByNghttp2(headers: Readonly<Record<string, string>>): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const session = connect(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
  session.on('error', () => undefined);
  session.request(headers).on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const blocks: Buffer[] = [];
  let ended = false;
  let received = Buffer.alloc(0);
  for (let at = prefaceBytes; !ended; ) {
    const [piece] = (await once(socket, 'data')) as [Buffer];
    received = Buffer.concat([received, piece]);
    while (received.byteLength - at >= 9 && received.byteLength - at - 9 >= received.readUIntBE(at, 3)) {
      const [type = 0, flags = 0] = received.subarray(at + 3);
      const start = at + 9;
      at = start + received.readUIntBE(at, 3);
      if (type !== frameTypes.headers && type !== frameTypes.continuation) continue;
      // Node gives each request a priority, which takes 5 bytes.
      const skipped = (flags & frameFlags.priority) === 0 || type === frameTypes.continuation ? 0 : 5;
      blocks.push(received.subarray(start + skipped, at));
      ended = (flags & frameFlags.endHeaders) !== 0;
    }
  }
  session.destroy();
  socket.destroy();
  server.close();
  return Buffer.concat(blocks);
}

const prefaceBytes = 24;

function bytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

function varint(value: number): Buffer {
  return value < 128 ? Buffer.of(value) : Buffer.concat([Buffer.of((value % 128) | 128), varint(value >> 7)]);
}

function decode(hex: string): unknown {
  return new HpackDecoder().decode(bytes(hex)).headers;
}

function decodeAll(blocks: string[]): string[][] {
  const decoder = new HpackDecoder();
  return blocks.map((block) => decoder.decode(bytes(block)).headers.map(([name, value]) => `${name} ${value}`));
}
