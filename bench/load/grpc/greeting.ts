import { frameOf, frameTypes, initialWindowBytes, largest31Bits, settingIds, words } from './frames.ts';
import { headerListLimitBytes } from './hpack-decoder.ts';

/**
 * What a connection begins with: the preface of HTTP/2 and our settings. Without a header table all header blocks are
 * self-contained, so that one can be told from another by its bytes; with windows this large no answer ever waits for us.
 */
export function greeting(): Buffer {
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1'),
    frameOf(
      frameTypes.settings,
      0,
      0,
      Buffer.concat([
        setting(settingIds.headerTableSize, 0),
        setting(settingIds.enablePush, 0),
        setting(settingIds.initialWindowSize, largest31Bits),
        setting(settingIds.maxHeaderListSize, headerListLimitBytes),
      ]),
    ),
    frameOf(frameTypes.windowUpdate, 0, 0, words(largest31Bits - initialWindowBytes)),
  ]);
}

/** One setting as it stands in a SETTINGS frame. */
export function setting(id: number, value: number): Buffer {
  const bytes = Buffer.allocUnsafe(6);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt32BE(value, 2);
  return bytes;
}
