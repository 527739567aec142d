import type { PreparedRequest } from '../load/rotation.ts';
import { type Carrier, type Channel, type ChannelEvents, nowNs } from '../load/transport.ts';

/** One answered request: which one it was, and when it was sent and answered by `nowNs`. */
export type Sample = { readonly id: number; readonly sentNs: number; readonly answeredNs: number };

/** Passes everything on to another carrier, and keeps when each request was sent and answered. */
export class RecordingCarrier implements Carrier {
  /** In the order of their answers. */
  readonly samples: Sample[] = [];
  readonly #inner: Carrier;
  readonly #ids: ReadonlyMap<Buffer, number>;

  /** A request is known by its bytes' place in memory; its id is its place in the list. */
  constructor(inner: Carrier, requests: readonly PreparedRequest[]) {
    this.#inner = inner;
    this.#ids = new Map(requests.map(({ bytes }, index) => [bytes, index]));
  }

  open(events: ChannelEvents): Channel {
    let id = -1;
    let sentNs = 0;
    const channel = this.#inner.open({
      connected: () => events.connected(),
      failed: (kind, endNs, reusable) => events.failed(kind, endNs, reusable),
      answered: (endNs, reusable, verified) => {
        // First: the load sends the next request from within, which changes both.
        this.samples.push({ id, sentNs, answeredNs: endNs });
        events.answered(endNs, reusable, verified);
      },
    });
    return {
      send: (question) => {
        sentNs = nowNs();
        id = this.#ids.get(question.bytes) ?? -1;
        channel.send(question);
      },
      destroy: () => channel.destroy(),
    };
  }

  [Symbol.dispose](): void {
    this.#inner[Symbol.dispose]();
  }
}
