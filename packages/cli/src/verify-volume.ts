/** Checks a volume beside its journal: everything that `check()` compares, and what of it can be, offline. */
import type { CheckReport, Finding } from '@varve/protocol';
import type { VolumeView } from './volume-view.ts';

export interface VerifiedVolume {
  readonly ok: boolean;
  /** Why less than everything was checked; null: everything was. */
  readonly problem: string | null;
  /** `all`: structure and every chunk; `structure`: the maps as of the last checkpoint. */
  readonly checked: 'all' | 'structure' | 'nothing';
  readonly findings: readonly Finding[];
  readonly findingsTotal: number;
  readonly totals: Omit<CheckReport, 'ok' | 'findings' | 'findingsTotal'> | null;
}

export async function verifyVolume(
  { volume, problem, isCurrent }: VolumeView,
  progress: (done: number, total: number) => void,
): Promise<VerifiedVolume> {
  if (volume === undefined) {
    const nothing = { findings: [], findingsTotal: 0, totals: null, checked: 'nothing' } as const;
    return { ...nothing, ok: false, problem: problem?.message ?? null };
  }
  const report = await volume.check({
    data: isCurrent,
    onProgress: ({ done, total }) => progress(done, total),
  });
  const { ok, findings, findingsTotal, ...totals } = report;
  return {
    ok: ok && isCurrent,
    problem: problem?.message ?? null,
    checked: isCurrent ? 'all' : 'structure',
    findings,
    findingsTotal,
    totals,
  };
}
