import type { Load, Plan, Variant } from '../plan/plan.ts';

/** The load of every slice of a variant for the verdict: the plan's, but for what the variant has of its own. */
export function loadOf({ load: plan }: Pick<Plan, 'load'>, { load: own = {} }: Pick<Variant, 'load'>): ClosedLoad {
  return {
    pacing: { kind: 'closed', concurrency: own.concurrency ?? plan.concurrency },
    batchSize: own.batchSize ?? plan.batchSize,
    transport: own.protocol ?? plan.protocol,
  };
}

/** The same by the variant's id; what is no variant of the plan, the baseline first of all, has the plan's own load. */
export function loadOfId(plan: Pick<Plan, 'load' | 'variants'>, variantId: string): ClosedLoad {
  return loadOf(plan, plan.variants.find(({ id }) => id === variantId) ?? {});
}

/** A load in a closed loop: so many requests outstanding, each sent as soon as another was answered. */
export type ClosedLoad = Load & { readonly pacing: { readonly kind: 'closed' } };

/** Loads that are sent alike have the same key. */
export function loadKey({ pacing, batchSize, transport }: Load): string {
  return JSON.stringify([pacing, batchSize, transport]);
}

/** How many requests are outstanding at the least while it lasts. */
export function outstandingOf({ pacing }: Load): number {
  return pacing.kind === 'closed' ? pacing.concurrency : 1;
}
