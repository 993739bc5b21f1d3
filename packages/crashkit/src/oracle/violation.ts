/** What came back after a crash breaks a rule: which, by which record, and how to see it again. */

/**
 * - `acknowledged`: everything acknowledged is there
 * - `prefix`: what is there is what was issued, in order, without a hole and with nothing else
 * - `bytes`: every record is as it was issued
 * - `whole`: a group is there as a whole or not at all
 * - `refused`: what was refused as not written, or withdrawn, never comes back
 * - `again`: recovering twice gives the same
 */
export type Rule = 'acknowledged' | 'prefix' | 'bytes' | 'whole' | 'refused' | 'again';

export interface ViolationFacts {
  readonly rule: Rule;
  /** 1 for the first record that was issued. */
  readonly record?: number | undefined;
  /** Where in what came back, from 1. */
  readonly place?: number | undefined;
  readonly imageId?: string | undefined;
}

export class Violation extends Error {
  override readonly name = 'Violation';
  readonly rule: Rule;
  readonly record: number | undefined;
  readonly place: number | undefined;
  readonly imageId: string | undefined;

  constructor(message: string, { rule, record, place, imageId }: ViolationFacts) {
    super(imageId === undefined ? message : `${message}\n  image: ${imageId}`);
    this.rule = rule;
    this.record = record;
    this.place = place;
    this.imageId = imageId;
  }
}
