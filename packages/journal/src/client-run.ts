/**
 * A client run: which groups of which message of which client a batch holds.
 *
 * Always true:
 * - a batch holds groups of one message, or of none
 * - the runs of a message follow each other: group 0 first, none twice, none left out
 * - copies of records bear the runs of their originals
 */
import { readU32, readU48, writeU32, writeU48 } from '@varve/bytes';
import { CLIENT_RUN_LAYOUT as AT } from './format.ts';

/** Reused by scanners and writers: decoding fills it in. */
export interface ClientRun {
  /** The client's 16 hex digits: the first eight, the last eight. */
  clientHigh: number;
  clientLow: number;
  sequence: number;
  firstGroup: number;
  /** How many; 0: this is no run. */
  groups: number;
}

export const newClientRun = (): ClientRun => ({
  clientHigh: 0,
  clientLow: 0,
  sequence: 0,
  firstGroup: 0,
  groups: 0,
});

export function copyRun(into: ClientRun, from: ClientRun): void {
  into.clientHigh = from.clientHigh;
  into.clientLow = from.clientLow;
  into.sequence = from.sequence;
  into.firstGroup = from.firstGroup;
  into.groups = from.groups;
}

/** The run of one group of a message. */
export function runOf(client: string, sequence: number, group: number): ClientRun {
  return {
    clientHigh: Number.parseInt(client.slice(0, 8), 16),
    clientLow: Number.parseInt(client.slice(8), 16),
    sequence,
    firstGroup: group,
    groups: 1,
  };
}

/** A client as its stamps spell it. */
export function clientOf({ clientHigh, clientLow }: ClientRun): string {
  return hex8(clientHigh) + hex8(clientLow);
}

const hex8 = (value: number): string => value.toString(16).padStart(8, '0');

export function writeClientRun(into: Uint8Array, at: number, run: ClientRun): void {
  writeU32(into, at + AT.client[0], run.clientLow);
  writeU32(into, at + AT.client[0] + 4, run.clientHigh);
  writeU48(into, at + AT.sequence[0], run.sequence);
  writeU32(into, at + AT.firstGroup[0], run.firstGroup);
  writeU32(into, at + AT.groups[0], run.groups);
}

/** False: what stands there is no run. */
export function readClientRun(bytes: Uint8Array, at: number, into: ClientRun): boolean {
  into.clientLow = readU32(bytes, at + AT.client[0]);
  into.clientHigh = readU32(bytes, at + AT.client[0] + 4);
  into.sequence = readU48(bytes, at + AT.sequence[0]);
  into.firstGroup = readU32(bytes, at + AT.firstGroup[0]);
  into.groups = readU32(bytes, at + AT.groups[0]);
  return into.sequence > 0 && into.groups > 0 && into.firstGroup + into.groups <= 0xffff_ffff;
}
