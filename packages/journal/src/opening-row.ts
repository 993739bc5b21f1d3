/**
 * Which row of `OPENING_ROWS` a store is in now, by what the witness says and what the file holds.
 */
import type { SyncFile, WitnessEntry } from '@varve/files';
import { VarveError } from '@varve/protocol';
import { hex } from './store-files.ts';
import type { Superblock } from './superblock.ts';
import { readSuperblocks } from './superblock-pair.ts';
import { OPENING_ROWS, type OpeningFacts, type OpeningRow } from './witness-table.ts';

/** @throws VarveError STORE_LOST, CORRUPT, UNSUPPORTED_VERSION, IO_ERROR */
export function openingRowOf(
  file: SyncFile | undefined,
  witness: WitnessEntry | undefined,
  store: string,
): OpeningRow {
  const facts = factsOf(file, witness, store);
  const row = OPENING_ROWS.find(({ matches }) => matches(facts))!;
  const evidence = { store, row: row.name, witness: facts.witness, file: facts.file };
  if (row.action === 'lost') {
    throw new VarveError('STORE_LOST', undefined, {
      facts: { ...evidence, durableLsn: witness?.durableLsn ?? 0 },
    });
  }
  if (row.action === 'corrupt') {
    throw new VarveError('CORRUPT', 'neither superblock verifies', { facts: evidence });
  }
  return row;
}

function factsOf(
  file: SyncFile | undefined,
  witness: WitnessEntry | undefined,
  store: string,
): OpeningFacts {
  const newest = file && readSuperblocks(file, store).newest;
  return {
    witness: witness?.state ?? 'none',
    file: file === undefined ? 'absent' : newest === undefined ? 'unreadable' : 'valid',
    sameStore:
      newest !== undefined && witness !== undefined && hex(newest.seedId) === witness.seedId,
  };
}

/** What the witness proves durable; of another store of this name it says nothing. */
export function witnessedLsn(
  witness: WitnessEntry | undefined,
  { seedId }: Pick<Superblock, 'seedId'>,
): number {
  return witness?.seedId === hex(seedId) ? witness.durableLsn : 0;
}
