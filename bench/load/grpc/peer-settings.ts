import { initialFrameBytes, initialWindowBytes, largest31Bits, settingIds } from './frames.ts';
import { Malformed } from './malformed.ts';

/** What the server asks of us. */
export type PeerSettings = {
  readonly headerTableBytes: number;
  readonly maxConcurrentStreams: number;
  readonly initialWindowBytes: number;
  readonly maxFrameBytes: number;
};

/** What holds before the server has said anything (RFC 9113, 6.5.2). */
export const defaultSettings: PeerSettings = {
  headerTableBytes: 4096,
  maxConcurrentStreams: Number.POSITIVE_INFINITY,
  initialWindowBytes,
  maxFrameBytes: initialFrameBytes,
};

const largestFrameBytes = 2 ** 24 - 1;

/** The settings after a SETTINGS frame of that payload. @throws Malformed for values that are not allowed. */
export function changeSettings(before: PeerSettings, payload: Buffer): PeerSettings {
  if (payload.byteLength % 6 !== 0) throw new Malformed('settings are cut off');
  const after = { ...before };
  for (let at = 0; at < payload.byteLength; at += 6) {
    const value = payload.readUInt32BE(at + 2);
    switch (payload.readUInt16BE(at)) {
      case settingIds.headerTableSize:
        after.headerTableBytes = value;
        break;
      case settingIds.enablePush:
        if (value !== 0) throw new Malformed('a server wants pushes');
        break;
      case settingIds.maxConcurrentStreams:
        after.maxConcurrentStreams = value;
        break;
      case settingIds.initialWindowSize:
        if (value > largest31Bits) throw new Malformed(`a window of ${value} bytes`);
        after.initialWindowBytes = value;
        break;
      case settingIds.maxFrameSize:
        if (value < initialFrameBytes || value > largestFrameBytes) throw new Malformed(`frames of ${value} bytes`);
        after.maxFrameBytes = value;
        break;
      default:
    }
  }
  return after;
}
