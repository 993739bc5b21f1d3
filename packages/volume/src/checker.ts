/**
 * A full check of a volume: everything that must agree with something else is compared with it.
 *
 * Always true:
 * - the structure is looked at in one go, so that no change falls in between; data in slices
 * - what is on disk is read from the disk, past the cache, where it is not dirty
 */
import { readU16, readU32, xxh32 } from '@varve/bytes';
import { isVarveError, VarveError } from '@varve/protocol';
import { NOWHERE, type Block, type BlockRef, countOf } from './blocks.ts';
import { BitSet } from './bit-set.ts';
import { BLOCK_HEADER_BYTES, BlockKind, NODE_ENTRY_BYTES } from './format.ts';
import { chunkAt, pairsAt } from './leaf.ts';
import { bitMask, isEmpty, NO_BITS, overlaps, union, without } from './mask.ts';
import type { RadixTable } from './radix.ts';
import type { VolumeState } from './state.ts';
import { isHole, type Value } from './value.ts';
import type { VolumeFiles } from './volume-files.ts';
import type { CheckOptions, CheckReport, Finding, FindingKind } from './volume-port.ts';

const FINDINGS_MAX = 1_000;
const SLICE_CHUNKS = 256;

interface Checked {
  readonly state: VolumeState;
  readonly files: VolumeFiles;
}

export async function check(
  current: () => Checked,
  options: CheckOptions,
  pause: () => Promise<void>,
): Promise<CheckReport> {
  const structure = new StructureCheck(current());
  structure.run();
  const { findings } = structure;
  let chunksVerified = 0;
  if (options.data ?? true) {
    const total = structure.valueCount;
    let inSlice = 0;
    for (const finding of dataFindings(current)) {
      if (finding === 'verified') chunksVerified++;
      else if (isVarveError(finding)) {
        findings.guard(() => {
          throw finding;
        });
      } else findings.add(finding.kind, finding.message, finding.facts);
      if (++inSlice < SLICE_CHUNKS) continue;
      inSlice = 0;
      options.onProgress?.({ done: Math.min(chunksVerified, total), total });
      await pause();
      stopIfAborted(options);
    }
  }
  const { list } = findings;
  return {
    ok: findings.total === 0,
    findings: list,
    findingsTotal: findings.total,
    chunks: structure.chunks,
    exceptions: structure.exceptions,
    metaBlocks: structure.metaBlocks,
    chunksVerified,
  };
}

function stopIfAborted({ signal }: CheckOptions): void {
  if (signal?.aborted !== true) return;
  const { reason } = signal;
  throw reason instanceof Error ? reason : new VarveError('ABORTED', undefined, { cause: reason });
}

class Findings {
  readonly list: Finding[] = [];
  total = 0;
  /** Of blocks that were found damaged: each is told once. */
  private readonly damaged = new Set<number>();

  add(kind: FindingKind, message: string, facts: Finding['facts'] = {}): void {
    this.total++;
    if (this.list.length < FINDINGS_MAX) this.list.push({ kind, message, facts });
  }

  /** Runs what may meet a damaged block. */
  guard(task: () => void): void {
    try {
      task();
    } catch (error) {
      if (!isVarveError(error)) throw error;
      const facts = Object.fromEntries(
        Object.entries(error.facts).map(([name, value]) => [
          name,
          typeof value === 'string' ? value : Number(value ?? -1),
        ]),
      );
      const place = Number(facts['place'] ?? -1);
      if (place >= 0 && this.damaged.has(place)) return;
      this.damaged.add(place);
      this.add('block-damaged', error.message, facts);
    }
  }
}

class StructureCheck {
  readonly findings = new Findings();
  chunks = 0;
  exceptions = 0;
  metaBlocks = 0;
  valueCount = 0;
  private readonly state: VolumeState;
  /** References found, by physical chunk. */
  private readonly found = new Map<number, number>();
  private readonly places = new BitSet();
  private isWhole = true;

  constructor({ state }: Checked) {
    this.state = state;
  }

  run(): void {
    const { state, findings } = this;
    const before = findings.total;
    findings.guard(() => this.walkOrigin());
    findings.guard(() => this.walkExceptions());
    this.isWhole = findings.total === before;
    findings.guard(() => this.walkReferences());
    this.comparePlaces();
    state.blocks.trim();
  }

  private block(kind: BlockKind, level: number, id: number, ref: BlockRef): void {
    this.metaBlocks++;
    if (ref.place === NOWHERE.place) return;
    if (!this.places.add(ref.place)) {
      this.findings.add('meta-shared', 'two parents name one place', { place: ref.place });
    }
    this.findings.guard(() => {
      this.state.blocks.read(kind, level, id, ref);
    });
  }

  private *leavesOf(table: RadixTable, kind: BlockKind): Generator<[number, Block]> {
    for (const { level, index, id, ref } of table.walk()) {
      this.block(kind, level, id, ref);
      if (level > 0) continue;
      const leaf = table.leaf(index);
      if (leaf !== undefined) yield [index, leaf];
    }
  }

  private walkOrigin(): void {
    const { origin, sizeBytes, restore } = this.state;
    const end = this.state.chunksIn(sizeBytes);
    for (const [index, { bytes }] of this.leavesOf(origin, BlockKind.Origin)) {
      for (let entry = 0; entry < origin.leafEntries; entry++) {
        const chunk = index * origin.leafEntries + entry;
        const at = origin.offsetOf(chunk);
        const value = { physicalPlus1: readU32(bytes, at), digest: readU32(bytes, at + 4) };
        if (isHole(value)) {
          if (value.digest !== 0) this.outOfRange('a hole has a digest', { chunk });
          continue;
        }
        this.chunks++;
        if (chunk >= end && restore === undefined) {
          this.outOfRange('a chunk lies behind the end of the origin', { chunk });
        }
        this.refer(value, chunk);
      }
    }
  }

  private outOfRange(message: string, facts: Finding['facts']): void {
    this.findings.add('out-of-range', message, facts);
  }

  private refer({ physicalPlus1 }: Value, chunk: number): void {
    const physical = physicalPlus1 - 1;
    this.valueCount++;
    if (physical >= this.state.pool.counts.extentChunks) {
      this.outOfRange('a value lies outside of the pool', { chunk, physical });
    }
    this.found.set(physical, (this.found.get(physical) ?? 0) + 1);
  }

  private walkExceptions(): void {
    const { exceptions } = this.state;
    const known = this.state.snapshots.reduce(
      (mask, { bit }) => union(mask, bitMask(bit)),
      NO_BITS,
    );
    for (const node of exceptions.walk()) {
      this.block(BlockKind.Exceptions, node.level, node.id, node.ref);
      const block = node.load();
      const count = countOf(block);
      if (count === 0) this.findings.add('tree-shape', 'a node is empty', { node: node.id });
      let least = node.from;
      for (let index = 0; index < count; index++) {
        const chunk =
          node.level === 0
            ? chunkAt(block, index)
            : readU32(block.bytes, BLOCK_HEADER_BYTES + index * NODE_ENTRY_BYTES);
        if (chunk < least || chunk >= node.to) {
          this.findings.add('tree-order', 'a chunk is out of order', { chunk, least, to: node.to });
        }
        least = chunk + 1;
        if (node.level === 0) this.checkPairs(block, index, chunk, known);
      }
    }
    if (this.exceptions !== exceptions.count) {
      this.findings.add('tree-shape', 'the exceptions are not as many as was counted', {
        counted: exceptions.count,
        found: this.exceptions,
      });
    }
  }

  private checkPairs(leaf: Block, index: number, chunk: number, known: typeof NO_BITS): void {
    this.exceptions++;
    const pairs = pairsAt(leaf, index);
    if (pairs.length === 0) this.findings.add('tree-shape', 'a chunk has no pair', { chunk });
    let seen = NO_BITS;
    for (const pair of pairs) {
      if (isEmpty(pair.mask) || !isEmpty(without(pair.mask, known))) {
        this.findings.add('mask-unknown-snapshot', 'a mask names no snapshot that is there', {
          chunk,
        });
      }
      if (overlaps(seen, pair.mask)) {
        this.findings.add('mask-overlap', 'a snapshot has two values', { chunk });
      }
      seen = union(seen, pair.mask);
      if (!isHole(pair)) this.refer(pair, chunk);
    }
  }

  /** Both ways: what is counted is found, and what is found is counted. */
  private walkReferences(): void {
    const { pool } = this.state;
    const { references } = pool;
    let used = 0;
    let matched = 0;
    for (const [index, { bytes }] of this.leavesOf(references, BlockKind.References)) {
      for (let entry = 0; entry < references.leafEntries; entry++) {
        const physical = index * references.leafEntries + entry;
        const counted = readU16(bytes, references.offsetOf(physical));
        if (counted === 0) continue;
        used++;
        const found = this.found.get(physical) ?? 0;
        if (found > 0) matched++;
        if (pool.quarantine.has(physical)) {
          this.findings.add('reference-count', 'a chunk in quarantine is referred to', {
            physical,
          });
        }
        // Of a tree with a damaged block no more can be said.
        if (!this.isWhole || counted === found) continue;
        this.findings.add('reference-count', 'references are not as many as is counted', {
          physical,
          counted,
          found,
        });
      }
    }
    if (matched < this.found.size) {
      this.findings.add('reference-count', 'chunks are referred to that count as free', {
        chunks: this.found.size - matched,
      });
    }
    const { usedChunks, extentChunks } = pool.counts;
    if (used !== usedChunks || extentChunks > pool.capacityChunks) {
      this.findings.add('free-count', 'the pool’s counts are not what is found', {
        counted: usedChunks,
        found: used,
        extentChunks,
      });
    }
  }

  /** Every place in use is reachable, or waits for the next checkpoint to be free. */
  private comparePlaces(): void {
    const { blocks } = this.state;
    const reachable = this.places.size;
    for (const place of blocks.unsettledPlaces) this.places.add(place);
    if (this.isWhole && this.places.size !== blocks.usedPlaces) {
      this.findings.add('meta-leak', 'places in use are not those that are reachable', {
        used: blocks.usedPlaces,
        reachable,
      });
    }
  }
}

/** Compares every chunk in use with its digest, as the maps are at that moment; steps over damaged blocks. */
function* dataFindings(current: () => Checked): Generator<'verified' | Finding | VarveError> {
  const scratch = new Uint8Array(current().state.chunkBytes);
  const look = (chunk: number, value: Value, view: string): 'verified' | Finding => {
    const { state, files } = current();
    const physical = value.physicalPlus1 - 1;
    const pending = state.overlay.get(physical);
    if (pending === undefined) files.readData(scratch, physical * state.chunkBytes);
    const digest = xxh32(pending ?? scratch, 0, scratch.length, state.seed);
    if (digest === value.digest) return 'verified';
    return {
      kind: 'chunk-digest',
      message: 'a chunk is damaged',
      facts: { chunk, physical, view },
    };
  };
  for (let chunk = 0; chunk < current().state.chunksIn(current().state.sizeBytes); chunk++) {
    const { state } = current();
    const { leafEntries } = state.origin;
    const leafEnd = (Math.floor(chunk / leafEntries) + 1) * leafEntries;
    const value = unlessDamaged(() =>
      state.origin.leafOf(chunk) === undefined ? undefined : state.originAt(chunk),
    );
    if (value === undefined || isVarveError(value)) {
      if (value !== undefined) yield value;
      chunk = leafEnd - 1;
    } else if (!isHole(value)) yield look(chunk, value, 'origin');
  }
  for (let from = 0; ;) {
    const next = unlessDamaged(() => current().state.exceptions.next(from));
    if (next === undefined) return;
    if (isVarveError(next)) {
      yield next;
      return;
    }
    for (let index = 0; ; index++) {
      // The pairs may have changed while others ran.
      const pairs = unlessDamaged(() => current().state.exceptions.pairsOf(next.chunk));
      const pair = isVarveError(pairs) ? undefined : pairs[index];
      if (pair === undefined) break;
      if (!isHole(pair)) yield look(next.chunk, pair, 'snapshots');
    }
    from = next.chunk + 1;
  }
}

/** What does not verify is an answer, not an end. @throws VarveError IO_ERROR */
export function unlessDamaged<T>(task: () => T): T | VarveError {
  try {
    return task();
  } catch (error) {
    if (!isVarveError(error, 'CORRUPT')) throw error;
    return error;
  }
}
