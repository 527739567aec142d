import assert from 'node:assert/strict';
import { type Conversation, carry } from '../transport-contract-talk.test-suite.ts';
import { FramePeer } from './frame-peer.test-suite.ts';
import { grpc } from './transport.ts';

export type Shared = { peer: FramePeer; carrier: ReturnType<typeof carry>; conversations: Conversation[] };

/** Three channels over one connection. */
export async function shareThree(script: Parameters<typeof FramePeer.start>[0]): Promise<Shared> {
  const peer = await FramePeer.start(script);
  const carrier = carry(grpc, peer.address, { shared: true });
  const conversations = [await carrier.open(), await carrier.open(), await carrier.open()];
  assert.equal(peer.connections.length, 1);
  return { peer, carrier, conversations };
}

/** Lets that many turns of the event loop pass. */
export async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) await new Promise((resolve) => setImmediate(resolve));
}
