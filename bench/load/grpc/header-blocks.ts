import { type AnswerHeaders, readAnswerHeaders } from './answer-headers.ts';
import { frameFlags } from './frames.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { Malformed } from './malformed.ts';

/** Of one header block over all its frames; a compressed one is never longer than the headers it stands for. */
const blockLimitBytes = 64 * 1024;
/** A block that fills its frames needs five of them; a server that sends more sends empty ones. */
const frameLimit = 16;

/** A header block that is complete. */
export type ReadBlock = { readonly streamId: number; readonly endStream: boolean; readonly headers: AnswerHeaders };

/** Puts header blocks together from their frames, and decodes only those that it has not seen before. */
export class HeaderBlocks {
  readonly #decoder = new HpackDecoder();
  readonly #seen: { readonly bytes: Buffer; readonly headers: AnswerHeaders }[] = [];
  #open: { streamId: number; endStream: boolean; frameCount: number; parts: Buffer[]; bytes: number } | undefined;
  /** Whether the block that was read last means the same wherever its bytes stand again. */
  selfContained = false;

  /** The stream whose block lacks its end; no other frame may come in between. */
  get openStreamId(): number | undefined {
    return this.#open?.streamId;
  }

  /** The server has acknowledged that there is no header table. */
  withoutTable(): void {
    this.#decoder.limitTable(0);
  }

  /** Takes the payload of a HEADERS frame. @throws Malformed */
  begin(streamId: number, flags: number, payload: Buffer): ReadBlock | undefined {
    const endStream = (flags & frameFlags.endStream) !== 0;
    const fragment = fragmentOf(flags, payload);
    if ((flags & frameFlags.endHeaders) !== 0) return { streamId, endStream, headers: this.#read(fragment, endStream) };
    this.#open = { streamId, endStream, frameCount: 1, parts: [Buffer.from(fragment)], bytes: fragment.byteLength };
    return undefined;
  }

  /** Takes the payload of a CONTINUATION frame. @throws Malformed */
  go(streamId: number, flags: number, payload: Buffer): ReadBlock | undefined {
    const open = this.#open;
    if (open === undefined || open.streamId !== streamId) throw new Malformed('headers go on that did not begin');
    open.frameCount += 1;
    open.bytes += payload.byteLength;
    if (open.frameCount > frameLimit || open.bytes > blockLimitBytes) throw new Malformed('headers without an end');
    open.parts.push(Buffer.from(payload));
    if ((flags & frameFlags.endHeaders) === 0) return undefined;
    this.#open = undefined;
    return { streamId, endStream: open.endStream, headers: this.#read(Buffer.concat(open.parts), open.endStream) };
  }

  /** One slot for headers and one for trailers. */
  #read(block: Buffer, endStream: boolean): AnswerHeaders {
    const slot = endStream ? 1 : 0;
    const seen = this.#seen[slot];
    if (seen?.bytes.equals(block)) {
      this.selfContained = true;
      return seen.headers;
    }
    const decoded = this.#decoder.decode(block);
    const headers = readAnswerHeaders(decoded.headers);
    this.selfContained = decoded.selfContained;
    if (decoded.selfContained) this.#seen[slot] = { bytes: Buffer.from(block), headers };
    return headers;
  }
}

/** Without padding and priority. @throws Malformed where they leave nothing. */
function fragmentOf(flags: number, payload: Buffer): Buffer {
  const padded = (flags & frameFlags.padded) !== 0;
  const start = (padded ? 1 : 0) + ((flags & frameFlags.priority) === 0 ? 0 : 5);
  const end = payload.byteLength - (padded ? (payload[0] ?? 0) : 0);
  if (end < start) throw new Malformed('padding is longer than its frame');
  return payload.subarray(start, end);
}
