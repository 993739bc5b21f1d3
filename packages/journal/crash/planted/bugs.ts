/**
 * Bugs that the image lane must catch, each a small patch of one file.
 */
import type { PlantedBug } from './bug.ts';

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'acknowledges before the flush',
    file: 'commit-queue.ts',
    find: 'if (flush) journal.flush();\n      else journal.write();',
    replace: 'journal.write();',
  },
  {
    name: 'the flush flushes nothing',
    file: 'tail.ts',
    find: "this.guarded(() => this.file.flush(), 'flushing the journal failed');",
    replace: '',
  },
  {
    name: 'a failed flush is retried as success',
    file: 'tail.ts',
    find: "this.guarded(() => this.file.flush(), 'flushing the journal failed');",
    replace:
      "try { this.file.flush(); } catch { this.guarded(() => this.file.flush(), 'flushing the journal failed'); }",
  },
  {
    name: 'a failed flush is ignored',
    file: 'tail.ts',
    find: "this.guarded(() => this.file.flush(), 'flushing the journal failed');",
    replace: 'try { this.file.flush(); } catch { /* planted */ }',
  },
  {
    name: 'a failed flush of a full segment is ignored',
    file: 'tail.ts',
    find: "this.guarded(() => this.file.flush(), 'flushing a full segment failed');",
    replace: 'try { this.file.flush(); } catch { /* planted */ }',
  },
  {
    name: 'rotates without flushing the full segment',
    file: 'tail.ts',
    find: "this.guarded(() => this.file.flush(), 'flushing a full segment failed');",
    replace: '',
  },
  {
    name: 'a failed superblock flush is ignored',
    file: 'superblock.ts',
    find: '  file.flush();',
    replace: '  try { file.flush(); } catch { /* planted */ }',
  },
  {
    name: 'superblocks are not flushed',
    file: 'superblock.ts',
    find: '  file.flush();',
    replace: '',
  },
  {
    name: 'a short write is ignored',
    file: 'io.ts',
    find: 'if (moved !== bytes.length) {',
    replace: 'if (moved < 0) {',
  },
  {
    name: 'a short read counts as the end',
    file: 'io.ts',
    find: 'if (moved !== into.length) {',
    replace: 'if (moved < 0) {',
  },
  {
    name: 'a failed write is ignored',
    file: 'io.ts',
    find: "    throw failedIo(cause, 'writing the journal failed', { at, bytes: bytes.length });",
    replace: '    moved = bytes.length;',
  },
  {
    name: 'the batch body is not verified',
    file: 'scanner.ts',
    find: 'bodyCounts(bytes, at, end, segment.seed, offset, header)',
    replace: 'at + header.headerBytes + header.bodyBytes <= end',
  },
  {
    name: 'a batch that counts by itself counts in the log',
    file: 'scanner.ts',
    find: 'header.generation === point.generation &&\n      header.firstLsn === point.lastLsn + 1 &&\n      header.previousChecksum === point.chain',
    replace: 'header.firstLsn >= 0 && point.lastLsn >= 0',
  },
  {
    name: 'the same generation goes on after an unclean end',
    file: 'journal.ts',
    find: 'this.generation = recovered.generationMax + 1;',
    replace: 'this.generation = Math.max(2, recovered.generationMax);',
  },
  {
    name: 'unproven records are not written again',
    file: 'rewrite.ts',
    find: 'for (const { point, count } of unproven) {',
    replace: 'for (const { point, count } of unproven.slice(0, 0)) {',
  },
  {
    name: 'rewritten records are not flushed',
    file: 'rewrite.ts',
    find: '  host.flush();',
    replace: '  host.tail.write(); host.tail.durableLsn = host.tail.writtenLsn;',
  },
  {
    name: 'everything found counts as proven',
    file: 'recovery.ts',
    find: '({ point, count }) => point.lastLsn + count > this.provenLsn,',
    replace: '({ point, count }) => point.lastLsn + count > Infinity,',
  },
  {
    name: 'an unfinished restart counts',
    file: 'recovery.ts',
    find: 'if (restart !== undefined && scanner.point.lastLsn < restart.rewrittenTo) {',
    replace: 'if (restart !== undefined && scanner.point.lastLsn < -1) {',
  },
  {
    name: 'the start record says nothing of what is rewritten',
    file: 'beginning.ts',
    find: '      rewrittenTo,\n    },',
    replace: '      rewrittenTo: cut.lastLsn,\n    },',
  },
  {
    name: 'a new generation begins at the wrong boundary',
    file: 'beginning.ts',
    find: 'alignUp(end.offset, geometry.restartAlignment)',
    replace: 'alignUp(end.offset, geometry.restartAlignment) + geometry.alignment',
  },
  {
    name: 'slots are recycled one superblock early',
    file: 'superblock-pair.ts',
    find: 'Math.min(a?.firstSegment ?? 0, b?.firstSegment ?? 0)',
    replace: 'Math.max(a?.firstSegment ?? 0, b?.firstSegment ?? 0)',
  },
  {
    name: 'the newest superblock is overwritten',
    file: 'superblock-pair.ts',
    find: 'const place = this.isFirst && both ? 1 - older : older;',
    replace: 'const place = both ? 1 - older : older;',
  },
  {
    name: 'only one superblock is ever written',
    file: 'superblock-pair.ts',
    find: 'a.sequence < b.sequence) ? 0 : 1',
    replace: 'a.sequence < 0) ? 0 : 1',
  },
  {
    name: 'the first superblock of a generation goes to the older place',
    file: 'superblock-pair.ts',
    find: 'const place = this.isFirst && both ? 1 - older : older;',
    replace: 'const place = both ? older : older;',
  },
  {
    name: 'the checkpoint names its state before flushing it',
    file: 'journal.ts',
    find: '      kept = this.clients.stage(this);\n      this.flush();',
    replace:
      '      kept = this.clients.stage(this);\n      this.tail.write();\n      this.tail.writtenBytes = 0;',
  },
  {
    name: 'a checkpoint is acknowledged without a superblock',
    file: 'journal.ts',
    find: '    this.coveredLsn = upTo;\n    if (kept) this.beginScanAt(tail.point);\n    this.history.apply();\n    this.writeBoth();',
    replace:
      '    this.coveredLsn = upTo;\n    if (kept) this.beginScanAt(tail.point);\n    this.history.apply();',
  },
  {
    name: 'the segment of the state is retired',
    file: 'retention.ts',
    find: 'facts.stateSegment === 0 ? facts.tailSegment : facts.stateSegment,',
    replace: 'facts.tailSegment,',
  },
  {
    name: 'the segment where the scan begins is retired',
    file: 'retention.ts',
    find: '    facts.scanSegment,\n',
    replace: '',
  },
  {
    name: 'segments that later ones need are retired',
    file: 'retention.ts',
    find: 'first = Math.min(first, header.oldestUnitSegment);',
    replace: 'first = Math.min(first, header.segment);',
  },
  {
    name: 'retention keeps one record too few',
    file: 'retention.ts',
    find: 'holding(facts.lowWater - 1),',
    replace: 'holding(facts.lowWater + 1),',
  },
  {
    name: 'trim passes the checkpoint',
    file: 'history.ts',
    find: 'this.lowWater = Math.max(this.lowWater, Math.min(before, limit));',
    replace: 'void limit; this.lowWater = Math.max(this.lowWater, before + 2);',
  },
  {
    name: 'durableLsn runs ahead of the flush',
    file: 'tail.ts',
    find: '    staging.clear();\n    this.writtenLsn = this.lastLsn;',
    replace:
      '    staging.clear();\n    this.writtenLsn = this.lastLsn;\n    this.durableLsn = this.lastLsn;',
  },
  {
    name: 'the durable LSN in batches stays 0',
    file: 'staging.ts',
    find: 'fields.durableLsn = durableLsn;',
    replace: 'fields.durableLsn = 0;',
  },
  {
    name: 'batches claim that they are durable themselves',
    file: 'staging.ts',
    find: '    fields.durableLsn = durableLsn;',
    replace: '    fields.durableLsn = fields.firstLsn - 1 + 2 * fields.count;',
  },
  {
    name: 'a mark claims more than was flushed',
    file: 'tail.ts',
    find: '    this.openBatch(PLAIN_HEADER_BYTES);\n    this.seal(NO_FLAGS);\n    this.write();',
    replace:
      '    const { durableLsn } = this;\n    this.durableLsn = durableLsn + 1;\n    this.openBatch(PLAIN_HEADER_BYTES);\n    this.seal(NO_FLAGS);\n    this.write();\n    this.durableLsn = durableLsn;',
  },
  {
    name: 'fragments beside the end of their unit are not flushed first',
    file: 'unit.ts',
    find: 'if (spans && this.lastSegment === current) this.host.flush();',
    replace: 'void (spans && this.lastSegment);',
  },
  {
    name: 'fragments that were never flushed are taken for settled',
    file: 'unit.ts',
    find: '      settled: spans,',
    replace: '      settled: true,',
  },
  {
    name: 'a group larger than a batch is not atomic',
    file: 'group.ts',
    find: '  const descriptor = unit.finish(frames.length - start, run);\n  host.tail.addUnitEnd(descriptor, frames, start, frames.length, count, run);',
    replace:
      '  void start;\n  for (let from = 0; from < frames.length; ) {\n    const to = readRecordFrame(frames, from, frames.length, frame);\n    host.tail.addRecords(frames, from, to, 1);\n    if (from === 0) host.tail.write();\n    from = to;\n  }\n  void count;',
  },
  {
    name: 'a lost write is called damage',
    file: 'recovery-table.ts',
    find: "    verdict: 'cut',\n    matches: (facts) => facts.laterBatches,",
    replace: "    verdict: 'corrupt',\n    matches: (facts) => facts.laterBatches,",
  },
  {
    name: 'the close forgets to flush',
    file: 'journal.ts',
    find: "  closeClean(): void {\n    const kept = this.clients.stage(this);\n    this.flushTail();\n    // A mark is not flushed for its own sake; a place behind it is about to be named.\n    orEndGeneration(() => this.file.flush(), 'flushing at the close failed');",
    replace:
      '  closeClean(): void {\n    const kept = this.clients.stage(this);\n    this.tail.write();',
  },
  {
    name: 'the witness speaks of life before the store is there',
    file: 'open-journal.ts',
    find: "state: 'formatting',",
    replace: "state: 'live',",
  },
  {
    name: 'a vanished store is made anew',
    file: 'witness-table.ts',
    find: "    action: 'lost',\n    matches: ({ witness, file }) => file === 'absent' && witness === 'live',",
    replace:
      "    action: 'create',\n    matches: ({ witness, file }) => file === 'absent' && witness === 'live',",
  },
  {
    name: 'an interrupted format is called corrupt',
    file: 'witness-table.ts',
    find: "    action: 'create',\n    matches: ({ witness, file }) => file === 'unreadable' && witness === 'formatting',",
    replace:
      "    action: 'corrupt',\n    matches: ({ witness, file }) => file === 'unreadable' && witness === 'formatting',",
  },
  {
    name: 'an append cut short by a fault says that it was not written',
    file: 'commit-queue.ts',
    find: "reject(withOutcome(cause, 'unknown'));",
    replace: "reject(withOutcome(cause, 'not-written'));",
  },
  {
    name: 'appends go on in a generation whose write failed',
    file: 'commit-queue.ts',
    find: '    if (error instanceof GenerationFault) this.life.endGeneration(cause);',
    replace:
      '    this.life.opened!.journal!.tail.dead = false;\n    if (error instanceof GenerationFault) return;',
  },
  {
    name: 'relaxed appends resolve before they are written',
    file: 'commit-queue.ts',
    find: '      if (flush) journal.flush();\n      else journal.write();',
    replace: '      if (flush) journal.flush();',
  },
  {
    name: 'relaxed records are never flushed by time',
    file: 'idle.ts',
    find: 'this.cancelFlush ??= timers.after(this.life.options.relaxedMs, () => this.flush());',
    replace: '',
  },
  {
    name: 'a header of which nothing proves the flush is not written again',
    file: 'beginning.ts',
    find: 'if (headerProven && !segment.headerMissing) return undefined;',
    replace: 'if (headerProven || !segment.headerMissing) return undefined;',
  },
  {
    name: 'a restart behind a lost next record is looked for at one place only',
    file: 'scanner.ts',
    find: '      ? this.findRestart(following)',
    replace: '      ? this.restartAt(following, beginning.offset)',
  },
  {
    name: 'copied ends of units do not keep the segments of their fragments',
    file: 'rewrite.ts',
    find: '    host.rewrittenFrom = Math.min(host.rewrittenFrom, made.firstSegment);\n',
    replace: '',
  },
  {
    name: 'stamped: the run of a message is not written',
    file: 'batch.ts',
    find: 'writeClientRun(into, at + 2, fields.run);',
    replace: 'into[at] = 0;',
  },
  {
    name: 'stamped: copies of records lose the run of their message',
    file: 'rewrite.ts',
    find: 'const run = scanner.header.run.groups > 0 ? { ...scanner.header.run } : undefined;',
    replace: 'const run = undefined;',
  },
  {
    name: 'stamped: scanStart moves on without the table of clients',
    file: 'clients.ts',
    find: '    if (this.isUnannounced) return;\n    const at',
    replace: '    if (this.isUnannounced || this.kept) return;\n    const at',
  },
  {
    name: 'stamped: superblocks do not say that there are clients',
    file: 'journal.ts',
    find: '    this.clients.announce();\n    this.writeBoth();',
    replace: '    this.clients.announce();',
  },
  {
    name: 'stamped: who may have been forgotten is believed',
    file: 'client-table.ts',
    find: 'if (stamp.isRepeated && this.mayHaveForgotten(stamp, generation)) throw forgotten(stamp);',
    replace: '',
  },
  {
    name: 'stamped: a message that is there is answered before it is durable',
    file: 'commit-queue.ts',
    find: '        const appended = stage(journal);',
    replace:
      '        const before = journal.tail.lastLsn;\n        const appended = stage(journal);\n        if (appended.firstLsn <= before) return resolve(appended);',
  },
  {
    name: 'stamped: a message that was written in part is written again as a whole',
    file: 'stage.ts',
    find: 'refusal = request.stage(done).refusal;',
    replace: 'refusal = request.stage(0).refusal;',
  },
  {
    name: 'stamped: a message of two parts is told the LSNs of one',
    file: 'client-table.ts',
    find: '} else if (part !== undefined && follows(part, firstLsn)) {',
    replace: '} else if (part !== undefined) {',
  },
  {
    name: 'stamped: what recovery finds of messages is not remembered',
    file: 'recovery.ts',
    find: 'if (clients.kept) this.runs.apply();',
    replace: 'if (!clients.kept) this.runs.apply();',
  },
  {
    name: 'stamped: the table of clients is named before it is flushed',
    file: 'journal.ts',
    find: '    if (kept) {\n      this.flushTail();\n',
    replace: '    if (kept) {\n      this.tail.write();\n      this.clients.flushed();\n',
  },
];
